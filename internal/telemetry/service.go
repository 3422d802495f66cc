package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Service are the counts of an HTTP service, beside those of its process.
type Service struct {
	*Metrics
	requests *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
	batches  prometheus.Histogram
}

// buckets, in seconds, reach from a search in memory to the longest request.
var buckets = [...]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// batchBuckets reach beyond the largest batch that is taken by default, of 8 faces.
var batchBuckets = [...]float64{1, 2, 3, 4, 6, 8, 16, 32, 64}

// NewService makes a Service in which all is 0.
func NewService() *Service {
	s := &Service{
		Metrics: New(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "visage_http_request_seconds", Help: "Time that requests took, by route and status; 499 is a caller that left.", Buckets: buckets[:],
		}, []string{"method", "route", "status"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "visage_http_stage_seconds", Help: "Time that parts of requests took: wait for a turn, embed, search; of embed: turn, detect, recognise.", Buckets: buckets[:],
		}, []string{"stage"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "visage_inference_batch_faces", Help: "Faces in a run of a recogniser's network.", Buckets: batchBuckets[:],
		}),
	}
	s.registry.MustRegister(s.requests, s.stages, s.batches)
	return s
}

// Served counts a request.
func (s *Service) Served(method, route string, status int, took time.Duration) {
	s.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Stage counts a part of a request.
func (s *Service) Stage(name string, took time.Duration) {
	s.stages.WithLabelValues(name).Observe(took.Seconds())
}

// Batch counts a run of a recogniser's network.
func (s *Service) Batch(faces int) { s.batches.Observe(float64(faces)) }

// Handler gives all counts to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Gauge has every scrape ask for a number that goes up and down.
func (m *Metrics) Gauge(name, help string, ask func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, ask))
}

// Counter has every scrape ask for a number that only goes up.
func (m *Metrics) Counter(name, help string, ask func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, ask))
}
