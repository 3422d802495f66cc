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
	// Sample returns up to n templates of a gallery as probes, chosen by the seed,
	// those of identities with several templates first, and how many templates the
	// space has.
	Sample(ctx context.Context, gallery string, space face.Space, n int, seed int64) ([]face.Candidate, int64, error)
	// NearestAt is Nearest through the index, which keeps efSearch nodes; q.Exact and
	// q.MinRecall do not count. It returns NotFound where there is no index for the
	// metric.
	NearestAt(ctx context.Context, q face.Query, efSearch int) ([]face.Candidate, error)
}

// recallLadder returns the ef_search that are measured where nobody says, up to
// pgvector's limit.
func recallLadder() []int { return []int{40, 100, 200, 400, 800, 1000} }

// DefaultProbes is how many templates MeasureRecall searches for where nobody says.
const DefaultProbes = 200

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
	// Probes is how many templates are searched for. Defaults to DefaultProbes.
	Probes int
	// Seed chooses them. Defaults to 0, which is one like another.
	Seed int64
	// EfSearch are the ef_search to measure, ascending. Defaults to 40 to 1,000 in six
	// steps.
	EfSearch []int
	// Tell is called after each probe. Defaults to nothing.
	Tell func(done, total int)
}

// MeasureRecall searches for stored templates, exactly and through the index at
// several ef_search, and returns how much the index finds: of the DefaultK nearest,
// and of the mates, which are the templates of the probe's identity that the exact
// search has among them. The probe itself does not count.
//
// It returns Invalid for less than one probe, NotFound where the gallery has not
// two templates in the space, and what the source returns.
func MeasureRecall(ctx context.Context, from RecallSource, opts RecallOptions) (face.RecallCurve, error) {
	if opts.Probes == 0 {
		opts.Probes = DefaultProbes
	}
	if len(opts.EfSearch) == 0 {
		opts.EfSearch = recallLadder()
	}
	if opts.Probes < 1 {
		return face.RecallCurve{}, face.Errorf(face.Invalid, "%d probes: use at least 1", opts.Probes)
	}
	probes, rows, err := from.Sample(ctx, opts.Gallery, opts.Space, opts.Probes, opts.Seed)
	if err != nil {
		return face.RecallCurve{}, err
	}
	tallies := make([]tally, len(opts.EfSearch))
	for done, probe := range probes {
		if err := opts.measure(ctx, from, probe, tallies); err != nil {
			return face.RecallCurve{}, err
		}
		if opts.Tell != nil {
			opts.Tell(done+1, len(probes))
		}
	}
	if tallies[0].nearest == 0 {
		return face.RecallCurve{}, face.Errorf(face.NotFound, "gallery %q has not two templates in space %s: there is nothing to find", opts.Gallery, opts.Space.Name())
	}
	curve := face.RecallCurve{Metric: opts.Metric, K: DefaultK, Probes: len(probes), Rows: rows, MeasuredAt: time.Now().UTC().Truncate(time.Microsecond)}
	for i, t := range tallies {
		curve.Points = append(curve.Points, t.point(opts.EfSearch[i]))
	}
	return curve, nil
}

// measure adds one probe to the tallies, one for each step of the ladder.
func (o RecallOptions) measure(ctx context.Context, from RecallSource, probe face.Candidate, tallies []tally) error {
	q := face.Query{Gallery: o.Gallery, Space: o.Space, Probe: probe.Vector, Metric: o.Metric, Limit: DefaultK + 1, Exact: true}
	exact, _, err := from.Nearest(ctx, q)
	if err != nil {
		return err
	}
	exact = without(probe, exact)
	mates := map[string]bool{} // the nearest by face id, and whether they are mates
	for _, c := range exact {
		distance, err := Distance(o.Metric, probe.Vector, c.Vector)
		if err != nil {
			return err
		}
		mates[c.FaceID] = c.Identity != "" && c.Identity == probe.Identity && (o.Threshold.Metric == "" || within(o.Threshold, distance))
	}
	for i := range tallies {
		found, err := from.NearestAt(ctx, q, o.EfSearch[i])
		if err != nil {
			return err
		}
		tallies[i].add(mates, without(probe, found))
	}
	return nil
}

// without are the DefaultK nearest beside the probe itself.
func without(probe face.Candidate, found []face.Candidate) []face.Candidate {
	var others []face.Candidate
	for _, c := range found {
		if c.FaceID != probe.FaceID && len(others) < DefaultK {
			others = append(others, c)
		}
	}
	return others
}

// tally counts what there was to find, and what was found of it.
type tally struct{ nearest, nearestFound, mates, matesFound int }

func (t *tally) add(mates map[string]bool, found []face.Candidate) {
	t.nearest += len(mates)
	for _, mate := range mates {
		if mate {
			t.mates++
		}
	}
	for _, c := range found {
		mate, near := mates[c.FaceID]
		if near {
			t.nearestFound++
		}
		if mate {
			t.matesFound++
		}
	}
}

func (t *tally) point(efSearch int) face.RecallPoint {
	p := face.RecallPoint{EfSearch: efSearch, Recall: float64(t.nearestFound) / float64(t.nearest)}
	if t.mates > 0 {
		share := float64(t.matesFound) / float64(t.mates)
		p.MateRecall = &share
	}
	return p
}
