package queue

import (
	"context"
	"log/slog"
	"slices"
)

// packed is args as River hands them to a worker, to be read by readArgs, which
// is stricter than River.
type packed struct{ text []byte }

// Kind is River's.
func (packed) Kind() string { return kind }

// UnmarshalJSON keeps the text.
func (p *packed) UnmarshalJSON(text []byte) error {
	p.text = slices.Clone(text)
	return nil
}

// quiet lets River speak only of what is wrong, unless all is to be told.
func quiet(log *slog.Logger) *slog.Logger {
	if log.Enabled(context.Background(), slog.LevelDebug) {
		return log
	}
	return slog.New(fromWarnings{log.Handler()})
}

// fromWarnings passes over what is less than a warning.
type fromWarnings struct{ slog.Handler }

// Enabled says whether a record of the level is handled.
func (h fromWarnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps to warnings.
func (h fromWarnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return fromWarnings{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps to warnings.
func (h fromWarnings) WithGroup(name string) slog.Handler {
	return fromWarnings{h.Handler.WithGroup(name)}
}
