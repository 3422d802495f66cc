package search

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// WatchSource is a RecallSource that knows its indexes and keeps what is measured of
// them.
type WatchSource interface {
	RecallSource
	// Measured returns the indexes that searches can go through, with what is known of
	// their recall.
	Measured(ctx context.Context) ([]face.MeasuredIndex, error)
	// LargestGallery returns the gallery that has most templates in a space, and
	// whether they are too many to be all compared by a search.
	LargestGallery(ctx context.Context, space face.Space) (name string, large bool, err error)
	// StoreRecall keeps a curve, in place of an earlier one of the same index.
	StoreRecall(ctx context.Context, space face.Space, curve face.RecallCurve) error
	// MeasureAlone runs measure while no other process does, on whatever machine, and
	// says whether it did.
	MeasureAlone(ctx context.Context, measure func(context.Context) error) (alone bool, err error)
}

// The defaults of a WatchConfig.
const (
	DefaultWatchEvery = 5 * time.Minute
	defaultMostAge    = 24 * time.Hour
	defaultWatchRest  = 3
)

// WatchConfig says what Watch looks after and how.
type WatchConfig struct {
	// Source is where the indexes are. Required.
	Source WatchSource
	// Threshold gives that of a space's model, within which templates count as mates;
	// one without a metric for none. Defaults to none.
	Threshold func(face.Space, face.Metric) (face.Threshold, error)
	// Every is how often is looked. Defaults to DefaultWatchEvery.
	Every time.Duration
	// MostAge is how old a measurement may grow. Defaults to a day.
	MostAge time.Duration
	// Rest is how many times as long as a probe took is waited after it, so that
	// searches are not slowed down. Defaults to 3: a quarter of a processor.
	Rest int
	// Tell is called with all indexes whenever they were looked at or measured.
	// Defaults to nothing.
	Tell func([]face.MeasuredIndex)
	// Logger is told what was measured, and warned where a promise is broken. Defaults
	// to slog.Default().
	Logger *slog.Logger
}

func (c WatchConfig) withDefaults() WatchConfig {
	if c.Threshold == nil {
		c.Threshold = func(face.Space, face.Metric) (face.Threshold, error) { return face.Threshold{}, nil }
	}
	if c.Every == 0 {
		c.Every = DefaultWatchEvery
	}
	if c.MostAge == 0 {
		c.MostAge = defaultMostAge
	}
	if c.Rest == 0 {
		c.Rest = defaultWatchRest
	}
	if c.Tell == nil {
		c.Tell = func([]face.MeasuredIndex) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Watch sees to it that what is known of the recall of the indexes is true: until ctx
// ends it measures, one after the other and slowly, those that were never measured,
// whose space has grown to more than twice the templates, that were built anew or
// vacuumed, and whose measurement is old. Of several processes one measures. Where the
// source fails, it is tried again at the next look. It returns Invalid without a
// source or for a negative duration, and nil once ctx has ended.
func Watch(ctx context.Context, cfg WatchConfig) error {
	if cfg.Source == nil {
		return face.Errorf(face.Invalid, "search.WatchConfig.Source is missing")
	}
	if cfg.Every < 0 || cfg.MostAge < 0 || cfg.Rest < 0 {
		return face.Errorf(face.Invalid, "search.WatchConfig has a negative Every, MostAge or Rest")
	}
	w := watch{cfg.withDefaults()}
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Logger.Warn("the recall of the indexes could not be looked after; it is tried again", "in", w.Every.String(), "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.Every):
		}
	}
}

type watch struct{ WatchConfig }

// look measures what has to be.
func (w watch) look(ctx context.Context) error {
	indexes, err := w.Source.Measured(ctx)
	if err != nil {
		return err
	}
	w.Tell(indexes)
	if !slices.ContainsFunc(indexes, w.due) {
		return nil
	}
	_, err = w.Source.MeasureAlone(ctx, w.measureDue)
	return err
}

// due says whether what is known of an index is to be measured again.
func (w watch) due(m face.MeasuredIndex) bool {
	return len(m.Recall.Points) == 0 || m.Recall.Stale(m.Rows) || m.Recall.State != m.Mark || time.Since(m.Recall.MeasuredAt) > w.MostAge
}

// measureDue measures the indexes that are due by now: another process may have been
// at them until it was this one's turn. One that cannot be measured does not keep the
// others from it.
func (w watch) measureDue(ctx context.Context) error {
	indexes, err := w.Source.Measured(ctx)
	if err != nil {
		return err
	}
	var failed error
	for i := range indexes {
		if !w.due(indexes[i]) {
			continue
		}
		failed = errors.Join(failed, w.measure(ctx, &indexes[i]))
		w.Tell(indexes)
	}
	return failed
}

// measure measures one index, unless every search of its space compares everything.
// The probes are the same each time, as far as they are still enrolled, so that it is
// the index that makes a difference; they are no fewer than somebody asked for.
func (w watch) measure(ctx context.Context, m *face.MeasuredIndex) error {
	gallery, large, err := w.Source.LargestGallery(ctx, m.Space)
	if err != nil || !large {
		return err
	}
	opts := RecallOptions{Gallery: gallery, Space: m.Space, Metric: m.Metric, Rest: w.Rest}
	if m.Recall.Probes > probeSteps[len(probeSteps)-1] {
		opts.Probes = m.Recall.Probes
	}
	if opts.Threshold, err = w.Threshold(m.Space, m.Metric); err != nil {
		return err
	}
	curve, err := MeasureRecall(ctx, w.Source, opts)
	if err != nil {
		return err
	}
	if err := w.Source.StoreRecall(ctx, m.Space, curve); err != nil {
		return err
	}
	w.report(m.Space, m.Recall, curve)
	m.Recall = curve
	return nil
}

// report logs a measurement, as a warning where it makes searches slower.
func (w watch) report(space face.Space, before, now face.RecallCurve) {
	name, best := space.Name(), now.Points[len(now.Points)-1]
	was, is := before.Keeps(face.DefaultMinRecall), now.Keeps(face.DefaultMinRecall)
	about := []any{
		"space", name, "metric", now.Metric, "rows", now.Rows, "probes", now.Probes, "ef_search", is,
		"most_recall", best.Estimate(), "surely", best.Promise, "min_recall", face.DefaultMinRecall,
	}
	better := "to search through a better index, visage index drop --space " + name + " --metric " + string(now.Metric) +
		", then visage index build with the same and --m 32 --ef-construction 128"
	switch {
	case is == 0:
		w.Logger.Warn("no ef_search promises the recall that searches ask for by default, so that they compare every template, which is slow",
			append(about, "do", better+"; or ask for less by --min-recall")...)
	case is > was && was > 0:
		w.Logger.Warn("the index finds less than it did, so that searches have to look harder", append(about, "ef_search_before", was, "do", better)...)
	default:
		w.Logger.Info("measured the recall of an index", about...)
	}
}
