package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Traces sends spans to a collector.
type Traces struct {
	// Tracer makes the spans.
	Tracer trace.Tracer
	// Close sends what is left, until ctx ends.
	Close func(ctx context.Context) error
}

// OpenTraces sends spans by OTLP over HTTP where OTEL_EXPORTER_OTLP_ENDPOINT, or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, is set, and makes none where it is not. The
// other variables of OpenTelemetry's specification hold too: OTEL_TRACES_SAMPLER,
// OTEL_SERVICE_NAME and so on. What goes wrong while sending is logged; OpenTelemetry
// has one place for that in a process.
func OpenTraces(ctx context.Context, version string, log *slog.Logger) (*Traces, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return &Traces{noop.NewTracerProvider().Tracer(""), func(context.Context) error { return nil }}, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not sent", "error", err) }))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "visage"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Traces{provider.Tracer("github.com/visagedb/visage"), provider.Shutdown}, nil
}
