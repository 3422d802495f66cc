// Package telemetry counts what a process does and serves the counts to
// Prometheus. It imports nothing of this project.
package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the counts of one process, with those of Go and the operating
// system. Its methods may be called by several goroutines at once.
type Metrics struct {
	registry *prometheus.Registry
	files    *prometheus.CounterVec
	faces    prometheus.Counter
	seconds  prometheus.Counter
	jobs     *prometheus.CounterVec
	recall   *recalled
}

// New makes Metrics in which all is 0.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "visage_ingest_files_total", Help: "Files settled by ingests, by outcome and, of those rejected, by reason.",
		}, []string{"outcome", "reason"}),
		faces: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "visage_ingest_faces_total", Help: "Templates enrolled by ingests.",
		}),
		seconds: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "visage_ingest_seconds_total", Help: "Time for which ingests have run.",
		}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "visage_worker_jobs_total", Help: "Jobs that this worker has had, by what became of them here.",
		}, []string{"result"}),
		recall: newRecalled(),
	}
	m.registry.MustRegister(m.files, m.faces, m.seconds, m.jobs, m.recall,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Files counts n further files of an outcome, such as "ingested" or "rejected",
// the latter with a reason; n must not be negative.
func (m *Metrics) Files(outcome, reason string, n int) {
	m.files.WithLabelValues(outcome, reason).Add(float64(n))
}

// Faces counts n further templates; n must not be negative.
func (m *Metrics) Faces(n int) { m.faces.Add(float64(n)) }

// Ran counts the time for which an ingest has run further.
func (m *Metrics) Ran(d time.Duration) { m.seconds.Add(max(d, 0).Seconds()) }

// Job counts a job by what became of it at this worker.
func (m *Metrics) Job(result string) { m.jobs.WithLabelValues(result).Inc() }

// askLimit bounds how long a scrape waits for the queue.
const askLimit = 5 * time.Second

// Queue has every scrape tell how many jobs the queue has, as ask counts them by
// state; where ask fails, they are left out.
func (m *Metrics) Queue(ask func(ctx context.Context) (map[string]int, error)) {
	m.registry.MustRegister(&queued{ask: ask, jobs: prometheus.NewDesc(
		"visage_jobs", "Jobs of the queue, of all workers, by state.", []string{"state"}, nil)})
}

// queued asks the queue at each scrape.
type queued struct {
	ask  func(ctx context.Context) (map[string]int, error)
	jobs *prometheus.Desc
}

// Describe is prometheus.Collector's.
func (q *queued) Describe(to chan<- *prometheus.Desc) { to <- q.jobs }

// Collect is prometheus.Collector's.
func (q *queued) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	counts, err := q.ask(ctx)
	if err != nil {
		return
	}
	for state, n := range counts {
		to <- prometheus.MustNewConstMetric(q.jobs, prometheus.GaugeValue, float64(n), state)
	}
}
