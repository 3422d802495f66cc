package telemetry_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/visagedb/visage/internal/telemetry"
)

func TestServiceIsCounted(t *testing.T) {
	t.Parallel()
	m := telemetry.NewService()
	depth := 3.0
	m.Gauge("visage_test_depth", "Depth.", func() float64 { return depth })
	m.Counter("visage_test_total", "Total.", func() float64 { return 9 })
	m.Served("POST", "/verify", 200, 30*time.Millisecond)
	m.Served("POST", "/verify", 499, 2*time.Second)
	m.Stage("embed", 7*time.Millisecond)
	m.Batch(5)
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	got := scrape(t, server.URL)
	for _, line := range []string{
		`visage_http_request_seconds_bucket{method="POST",route="/verify",status="200",le="0.05"} 1`,
		`visage_http_request_seconds_count{method="POST",route="/verify",status="499"} 1`,
		`visage_http_stage_seconds_bucket{stage="embed",le="0.01"} 1`, "visage_test_depth 3", `visage_inference_batch_faces_bucket{le="6"} 1`, "visage_test_total 9", "go_goroutines",
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
}

// Profiles are for this machine alone.
func TestProfiles(t *testing.T) {
	t.Parallel()
	s, err := telemetry.ServeProfiles(t.Context(), ":0")
	if err != nil {
		t.Fatal(err)
	}
	if got := scrape(t, s.URL()+"goroutine?debug=1"); !strings.Contains(got, "goroutine profile") {
		t.Errorf("profile %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:6060", "6060"} {
		if s, err := telemetry.ServeProfiles(t.Context(), address); err == nil {
			t.Errorf("%q is served at %s", address, s.URL())
		}
	}
}

// Spans reach a collector where one is named, and nobody where none is.
func TestTraces(t *testing.T) {
	var sent, named atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/traces" {
			sent.Add(1)
		}
		if strings.Contains(string(body), "look for somebody") && strings.Contains(string(body), "visage") {
			named.Add(1)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer collector.Close()
	span := func() *telemetry.Traces {
		traces, err := telemetry.OpenTraces(t.Context(), "1.0", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, span := traces.Tracer.Start(t.Context(), "look for somebody", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
		if err := traces.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return traces
	}
	span()
	if sent.Load() != 0 {
		t.Error("traces are sent without a collector")
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	span()
	if sent.Load() != 1 || named.Load() != 1 {
		t.Errorf("the collector had %d requests, %d with the span", sent.Load(), named.Load())
	}
}
