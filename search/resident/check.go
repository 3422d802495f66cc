package resident

import (
	"context"
	"math"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// asked is a search in memory, and what it found.
type asked struct {
	query face.Query
	probe []float32
	found []face.Candidate
}

const (
	// checkRest is how many times as long as an exact search took is waited after it at
	// the least, so that checks take a twentieth of the database's time at the most.
	checkRest = 20
	// sameDistance is by how much a distance is greater than another at the least: what
	// is nearer by less stands in either order.
	sameDistance = 1e-9
)

// Check repeats the newest search in memory, where there was one, exactly every so
// often, and has the Meter count what it had missed, until ctx ends. Searches that fail,
// and those from which nothing can be told, do not count.
func (g *Gallery) Check(ctx context.Context, every time.Duration) {
	for wait := every; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		begun := time.Now()
		if last := g.last.Swap(nil); last != nil {
			g.check(ctx, *last)
		}
		wait = max(every, checkRest*time.Since(begun))
	}
}

// check repeats one search. While it is written to, one search may know of more than the
// other, so that what seems missed is looked for once more, by both.
func (g *Gallery) check(ctx context.Context, last asked) {
	const times = 3
	exactly := last.query
	exactly.Probe, exactly.Exact = last.probe, true
	for try := 1; ; try++ {
		exact, _, err := g.cfg.Fallback.Nearest(ctx, exactly)
		if err != nil {
			return
		}
		missed, err := last.lacks(exact)
		if err != nil {
			return
		}
		if missed == 0 || try == times {
			g.cfg.Meter.Checked(len(exact), missed)
			return
		}
		view, why := g.view(last.query, [][]float32{last.probe})
		if why != "" {
			return
		}
		again, err := g.search(ctx, view, last.query, [][]float32{last.probe})
		if err != nil {
			return
		}
		last.found = again[0].Candidates
	}
}

// lacks is how many of the exact candidates the search missed: those that it does not
// have, though they are nearer than the last that it has. Of those as far away as that
// one is as good as another.
func (a asked) lacks(exact []face.Candidate) (missed int, err error) {
	reach, known := math.Inf(1), map[string]bool{}
	for i, c := range a.found {
		known[c.FaceID] = true
		if i == a.query.Limit-1 {
			if reach, err = search.Distance(a.query.Metric, a.probe, c.Vector); err != nil {
				return 0, err
			}
		}
	}
	for _, c := range exact {
		if known[c.FaceID] {
			continue
		}
		distance, err := search.Distance(a.query.Metric, a.probe, c.Vector)
		if err != nil {
			return 0, err
		}
		if distance < reach-sameDistance {
			missed++
		}
	}
	return missed, nil
}
