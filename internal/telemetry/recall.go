package telemetry

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// IndexRecall is how much an index finds of what an exact search does.
type IndexRecall struct {
	Space, Metric string
	Recall        map[int]float64 // by ef_search, 0 to 1
	EfSearch      int             // the least that keeps the recall asked for by default; 0 where none does
}

// Recall has scrapes tell these indexes, in place of those of an earlier call.
func (m *Metrics) Recall(indexes []IndexRecall) {
	m.recall.mutex.Lock()
	defer m.recall.mutex.Unlock()
	m.recall.indexes = indexes
}

// recalled are the indexes as they were told last.
type recalled struct {
	recall, efSearch *prometheus.Desc
	mutex            sync.Mutex // over indexes
	indexes          []IndexRecall
}

func newRecalled() *recalled {
	return &recalled{
		recall: prometheus.NewDesc("visage_index_recall",
			"Share of the mates of stored templates, or of their nearest, that an index finds of those that an exact search does, as measured, by ef_search.",
			[]string{"space", "metric", "ef_search"}, nil),
		efSearch: prometheus.NewDesc("visage_index_ef_search",
			"The least ef_search at which an index surely keeps the recall that searches ask for by default; 0 where none does, so that they are exact.",
			[]string{"space", "metric"}, nil),
	}
}

// Describe is prometheus.Collector's.
func (r *recalled) Describe(to chan<- *prometheus.Desc) {
	to <- r.recall
	to <- r.efSearch
}

// Collect is prometheus.Collector's.
func (r *recalled) Collect(to chan<- prometheus.Metric) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, i := range r.indexes {
		for efSearch, share := range i.Recall {
			to <- prometheus.MustNewConstMetric(r.recall, prometheus.GaugeValue, share, i.Space, i.Metric, strconv.Itoa(efSearch))
		}
		to <- prometheus.MustNewConstMetric(r.efSearch, prometheus.GaugeValue, float64(i.EfSearch), i.Space, i.Metric)
	}
}
