package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/visagedb/visage/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, m *telemetry.Metrics, address string) *telemetry.Server {
	t.Helper()
	s, err := m.Serve(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s (%v)", answer.Status, err)
	}
	return string(body)
}

func TestCountsAreServed(t *testing.T) {
	t.Parallel()
	m := telemetry.New()
	var failing error
	m.Queue(func(context.Context) (map[string]int, error) { return map[string]int{"waiting": 7}, failing })
	s := serve(t, m, ":0")
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Errorf("without a host it is served at %s", s.URL())
	}
	m.Files("ingested", "", 3)
	m.Files("rejected", "no_face", 2)
	m.Files("rejected", "no_face", 1)
	m.Faces(4)
	m.Ran(1500 * time.Millisecond)
	m.Ran(-time.Hour)
	m.Job("done")
	m.Recall([]telemetry.IndexRecall{{Space: "gone", Metric: "cosine"}})
	m.Recall([]telemetry.IndexRecall{
		{Space: "A", Metric: "cosine", Recall: map[int]float64{40: 0.9, 100: 0.995}, EfSearch: 100}, {Space: "A", Metric: "euclidean", Recall: map[int]float64{40: 0.5}},
	})
	got := scrape(t, s.URL())
	for _, line := range []string{
		`visage_ingest_files_total{outcome="ingested",reason=""} 3`, `visage_ingest_files_total{outcome="rejected",reason="no_face"} 3`,
		"visage_ingest_faces_total 4", "visage_ingest_seconds_total 1.5", `visage_worker_jobs_total{result="done"} 1`,
		`visage_index_recall{ef_search="40",metric="cosine",space="A"} 0.9`, `visage_index_recall{ef_search="100",metric="cosine",space="A"} 0.995`,
		`visage_index_ef_search{metric="cosine",space="A"} 100`, `visage_index_ef_search{metric="euclidean",space="A"} 0`,
		`visage_jobs{state="waiting"} 7`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
	if strings.Contains(got, "gone") {
		t.Errorf("an index that is gone is told:\n%s", got)
	}
	failing = errors.New("the database is away")
	if got := scrape(t, s.URL()); strings.Contains(got, "visage_jobs{") || !strings.Contains(got, "visage_ingest_faces_total 4") {
		t.Errorf("without the queue:\n%s", got)
	}
}

func TestServeWhere(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, address := range []string{"9464", "127.0.0.1:http:1", taken.Addr().String(), "203.0.113.1:0"} {
		if s, err := telemetry.New().Serve(t.Context(), address); err == nil {
			t.Errorf("%q is served at %s", address, s.URL())
		} else if !strings.Contains(err.Error(), address) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if s := serve(t, telemetry.New(), "0.0.0.0:0"); !strings.HasPrefix(s.URL(), "http://0.0.0.0:") && !strings.HasPrefix(s.URL(), "http://[::]:") {
		t.Errorf("a named host is served at %s", s.URL())
	}
}
