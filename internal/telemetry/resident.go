package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Resident counts searches among templates in memory. It implements resident.Meter.
type Resident struct {
	probes, templates, candidates prometheus.Counter
	passedOn                      *prometheus.CounterVec
	checked, missed               prometheus.Counter
}

// Resident makes the counts, once.
func (m *Metrics) Resident() *Resident {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "visage_resident_" + name, Help: help})
	}
	r := &Resident{
		probes:     counter("probes_total", "Faces that were searched for in memory."),
		templates:  counter("templates_total", "Templates in memory that they were compared with by their codes."),
		candidates: counter("candidates_total", "Candidates of them that were compared exactly."),
		passedOn: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "visage_resident_passed_on_total", Help: "Searches that went to Postgres: not_held, behind, unlike (any that codes cannot answer) or changed.",
		}, []string{"why"}),
		checked: counter("checked_total", "Candidates of searches in memory that were repeated exactly."),
		missed:  counter("missed_total", "Those of them that the search in memory had missed."),
	}
	m.registry.MustRegister(r.probes, r.templates, r.candidates, r.passedOn, r.checked, r.missed)
	return r
}

// Searched is resident.Meter's.
func (r *Resident) Searched(probes int, rows int64, candidates int) {
	r.probes.Add(float64(probes))
	r.templates.Add(float64(probes) * float64(rows))
	r.candidates.Add(float64(candidates))
}

// PassedOn is resident.Meter's.
func (r *Resident) PassedOn(why string) { r.passedOn.WithLabelValues(why).Inc() }

// Checked is resident.Meter's.
func (r *Resident) Checked(found, missed int) {
	r.checked.Add(float64(found))
	r.missed.Add(float64(missed))
}
