package eval

import "github.com/visagedb/visage/search"

// cmcRanks is how far the cumulative match characteristic is reported.
const cmcRanks = 20

// tally counts what the answers show.
type tally struct {
	mated, nonMated, failed int
	within                  [cmcRanks]int // mated probes whose identity is among the first i+1
	missed                  int           // mated probes whose identity is not first, or beyond the threshold
	alarms                  int           // non-mated probes that returned somebody within the threshold
	decisions               Decisions
}

// report computes the rates from the answers, which are in the order of
// r.probes.
func (r *identification) report(answers []*answer) Identification {
	t := r.count(answers)
	report := Identification{
		Probes:          len(r.probes),
		Mated:           t.mated,
		NonMated:        t.nonMated,
		Failed:          t.failed,
		CMC:             []float64{},
		Intervals:       map[string]Interval{},
		Threshold:       r.threshold.Distance,
		ThresholdSource: r.threshold.Source,
		Decisions:       t.decisions,
		Enrolled:        r.enrolled,
		AlsoEnrolled:    r.alsoEnrolled(),
		Metric:          r.cfg.Metric,
		Detector:        r.cfg.Detector,
		Model:           r.space.Recognizer,
		Space:           r.space.Name(),
		FailedFiles:     r.failedFiles,
		NotImages:       r.notImages,
	}
	rate := func(name string, count, n int) *float64 {
		if n == 0 {
			return nil
		}
		report.Intervals[name] = wilson(count, n)
		value := float64(count) / float64(n)
		return &value
	}
	report.Rank1 = rate("rank1", t.within[0], t.mated)
	report.Rank5 = rate("rank5", t.within[4], t.mated)
	report.FNIR = rate("fnir", t.missed, t.mated)
	report.FPIR = rate("fpir", t.alarms, t.nonMated)
	if t.mated > 0 {
		for _, n := range t.within {
			report.CMC = append(report.CMC, float64(n)/float64(t.mated))
		}
	}
	return report
}

func (r *identification) count(answers []*answer) tally {
	known := map[string]bool{}
	for _, l := range r.gallery {
		known[l.identity] = l.identity != ""
	}
	t := tally{decisions: Decisions{Mated: map[search.Decision]int{}, NonMated: map[search.Decision]int{}}}
	for i, a := range answers {
		if a == nil {
			t.failed++
		}
		if identity := r.probes[i].identity; known[identity] {
			t.addMated(a, identity, r.threshold.Distance)
		} else {
			t.addNonMated(a, r.threshold.Distance)
		}
	}
	return t
}

func (t *tally) addMated(a *answer, identity string, threshold float64) {
	t.mated++
	if a == nil {
		t.missed++
		return
	}
	t.decisions.Mated[a.decision]++
	rank, distance, found := mate(a.matches, identity)
	if !found || rank > 0 || distance > threshold {
		t.missed++
	}
	if !found {
		return
	}
	for i := rank; i < cmcRanks; i++ {
		t.within[i]++
	}
}

func (t *tally) addNonMated(a *answer, threshold float64) {
	t.nonMated++
	if a == nil {
		return
	}
	t.decisions.NonMated[a.decision]++
	if len(a.matches) > 0 && a.matches[0].Distance <= threshold {
		t.alarms++
	}
}

// mate returns how many other subjects are nearer than the identity, and the
// identity's smallest distance. Equal distances are ranked by face id, as the
// search ranks them.
func mate(matches []search.Match, identity string) (rank int, distance float64, found bool) {
	nearer := map[search.Subject]bool{}
	for _, m := range matches {
		if m.Identity == identity {
			return len(nearer), m.Distance, true
		}
		nearer[m.Subject()] = true
	}
	return 0, 0, false
}
