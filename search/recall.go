package search

import (
	"context"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// RecallSource is a Gallery with an index that can be held against its own exact
// search.
type RecallSource interface {
	Gallery
	// IndexState is what a curve measured now would be of. It returns NotFound for
	// an unknown space.
	IndexState(ctx context.Context, space face.Space, metric face.Metric) (face.IndexState, error)
	// Sample returns up to n templates of a gallery as probes, those of identities
	// with several templates first, in an order that is chosen by the seed. A larger
	// n adds to them.
	Sample(ctx context.Context, gallery string, space face.Space, n int, seed int64) ([]face.Candidate, error)
	// NearestAt is Nearest through the index, which keeps efSearch nodes; q.Exact and
	// q.MinRecall do not count. It returns NotFound where there is no index for the
	// metric.
	NearestAt(ctx context.Context, q face.Query, efSearch int) ([]face.Candidate, error)
}

// recallLadder returns the ef_search that are measured where nobody says, up to
// pgvector's limit.
func recallLadder() []int { return []int{40, 100, 200, 400, 800, 1000} }

// probeSteps are after how many probes MeasureRecall looks whether they have
// decided. 400 mates, none missed, are the fewest that promise 0.99. With these looks
// an ef_search whose true recall is 0.985 is taken for good once in a hundred times, one
// of 0.99 nine times (simulated).
var probeSteps = [...]int{300, 600, 1200}

// RecallOptions say what MeasureRecall measures.
type RecallOptions struct {
	// Gallery is where the probes are and are searched for. Required.
	Gallery string
	// Space and Metric name the index. Required.
	Space  face.Space
	Metric face.Metric
	// Threshold, in Metric, bounds which templates of the same identity count as
	// mates. Defaults to none: then all do that are among the nearest.
	Threshold face.Threshold
	// Probes is how many templates are searched for. Defaults to as many as it takes
	// to say which ef_search keeps face.DefaultMinRecall: 300, 600 or at most 1,200.
	Probes int
	// Seed chooses them. Defaults to 0, which is one like another.
	Seed int64
	// Rest is how many times as long as a probe took is waited after it. Defaults to
	// 0: not at all.
	Rest int
	// EfSearch are the ef_search to measure, ascending. Defaults to 40 to 1,000 in six
	// steps.
	EfSearch []int
	// Tell is called after each probe. Defaults to nothing.
	Tell func(done, total int)
}

// MeasureRecall searches for stored templates, exactly and through the index at
// several ef_search, and returns how much the index finds: of the DefaultK nearest,
// and of the mates, which are the templates of the probe's identity that the exact
// search has among them. The probe itself does not count. A candidate that is no
// farther than the last of the exact ones is as good as they are, and counts as
// found: copies of one photograph are interchangeable.
//
// It returns Invalid for less than one probe, NotFound where the gallery has not
// two templates in the space, Cancelled, and what the source returns.
func MeasureRecall(ctx context.Context, from RecallSource, opts RecallOptions) (face.RecallCurve, error) {
	if len(opts.EfSearch) == 0 {
		opts.EfSearch = recallLadder()
	}
	if opts.Probes < 0 {
		return face.RecallCurve{}, face.Errorf(face.Invalid, "%d probes: use at least 1", opts.Probes)
	}
	state, err := from.IndexState(ctx, opts.Space, opts.Metric)
	if err != nil {
		return face.RecallCurve{}, err
	}
	curve := face.RecallCurve{Metric: opts.Metric, K: DefaultK, Rows: state.Rows, State: state.Mark, MeasuredAt: time.Now().UTC().Truncate(time.Microsecond)}
	steps := probeSteps[:]
	if opts.Probes > 0 {
		steps = []int{opts.Probes}
	}
	probes, err := from.Sample(ctx, opts.Gallery, opts.Space, steps[len(steps)-1], opts.Seed)
	if err != nil {
		return face.RecallCurve{}, err
	}
	tallies := make([]tally, len(opts.EfSearch))
	for _, step := range steps {
		step = min(step, len(probes))
		if err := opts.upTo(ctx, from, probes[curve.Probes:step], tallies, step); err != nil {
			return face.RecallCurve{}, err
		}
		curve.Probes = step
		if decided(tallies) {
			break
		}
	}
	if tallies[0].nearest.all == 0 {
		return face.RecallCurve{}, face.Errorf(face.NotFound, "gallery %q has not two templates in space %s: there is nothing to find", opts.Gallery, opts.Space.Name())
	}
	for i, t := range tallies {
		curve.Points = append(curve.Points, t.point(opts.EfSearch[i]))
	}
	return curve, nil
}

// upTo adds further probes to the tallies, of which there are total then.
func (o RecallOptions) upTo(ctx context.Context, from RecallSource, probes []face.Candidate, tallies []tally, total int) error {
	for i, probe := range probes {
		began := time.Now()
		if err := o.measure(ctx, from, probe, tallies); err != nil {
			return err
		}
		if o.Tell != nil {
			o.Tell(total-len(probes)+i+1, total)
		}
		select {
		case <-ctx.Done():
			return face.Wrap(face.Cancelled, ctx.Err(), "measuring the recall was cancelled")
		case <-time.After(time.Duration(o.Rest) * time.Since(began)):
		}
	}
	return nil
}

// measure adds one probe to the tallies, one for each step of the ladder.
func (o RecallOptions) measure(ctx context.Context, from RecallSource, probe face.Candidate, tallies []tally) error {
	q := face.Query{Gallery: o.Gallery, Space: o.Space, Probe: probe.Vector, Metric: o.Metric, Limit: DefaultK + 1, Exact: true}
	exact, _, err := from.Nearest(ctx, q)
	if err != nil {
		return err
	}
	all, err := o.rankOthers(probe, exact)
	if err != nil {
		return err
	}
	want := o.within(probe, all, reachOf(all))
	for i := range tallies {
		found, err := from.NearestAt(ctx, q, o.EfSearch[i])
		if err != nil {
			return err
		}
		others, err := o.rankOthers(probe, found)
		if err != nil {
			return err
		}
		tallies[i].add(want, o.within(probe, others, reachOf(all)))
	}
	return nil
}

// rankOthers are the DefaultK nearest beside the probe itself, with their distances.
func (o RecallOptions) rankOthers(probe face.Candidate, found []face.Candidate) ([]Match, error) {
	var others []Match
	for _, c := range found {
		if c.FaceID == probe.FaceID || len(others) == DefaultK {
			continue
		}
		distance, err := Distance(o.Metric, probe.Vector, c.Vector)
		if err != nil {
			return nil, err
		}
		others = append(others, Match{Candidate: c, Distance: distance})
	}
	return others, nil
}

// reachOf is the largest distance of a list, below 0 for none.
func reachOf(list []Match) float64 {
	reach := -1.0
	for _, m := range list {
		reach = max(reach, m.Distance)
	}
	return reach
}

// within counts the candidates that are no farther than reach, and the mates among
// them.
func (o RecallOptions) within(probe face.Candidate, list []Match, reach float64) (n nearby) {
	for _, m := range list {
		if m.Distance > reach {
			continue
		}
		n.all++
		if m.Identity != "" && m.Identity == probe.Identity && (o.Threshold.Metric == "" || within(o.Threshold, m.Distance)) {
			n.mates++
		}
	}
	return n
}
