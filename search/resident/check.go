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
	// checkRest is how many times as long as a check took is waited after it at the least,
	// so that checks take a twentieth of the database's time at the most.
	checkRest = 20
	// checkTimes is how often a search is looked at again from which something seems to be
	// missing.
	checkTimes = 3
	// sameDistance is by how much a distance is greater than another at the least: what
	// is nearer by less stands in either order.
	sameDistance = 1e-9
)

// keep keeps a search for Check, where somebody checks.
func (g *Gallery) keep(a asked) {
	if g.checking.Load() {
		g.last.Store(&a)
	}
}

// Check repeats the newest search in memory, where there was one, exactly every so
// often, and has the Meter count what it had missed, until ctx ends. Searches that fail,
// and those from which nothing can be told, do not count. It is called once at a time.
func (g *Gallery) Check(ctx context.Context, every time.Duration) {
	g.checking.Store(true)
	defer g.last.Store(nil)
	defer g.checking.Store(false)
	for wait := every; pause(ctx, wait); {
		begun := time.Now()
		if last := g.last.Swap(nil); last != nil {
			g.check(ctx, *last)
		}
		wait = max(every, checkRest*time.Since(begun))
	}
}

// pause waits, and says whether ctx has not ended.
func pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// check repeats one search. While it is written to, one search may know of more than the
// other: what seems missed is looked for again, by both, once the index has had the time
// that it may be behind.
func (g *Gallery) check(ctx context.Context, last asked) {
	exactly, probes := last.query, [][]float32{last.probe}
	exactly.Exact, exactly.Least = true, max(1, last.query.Least) // of no replica
	for try := 1; ; try++ {
		exact, err := g.cfg.Fallback.NearestAll(ctx, exactly, probes)
		if err != nil {
			return
		}
		missed, err := last.lacks(exact[0].Candidates)
		if err != nil {
			return
		}
		if missed == 0 || try == checkTimes {
			g.cfg.Meter.Checked(len(exact[0].Candidates), missed)
			return
		}
		if !pause(ctx, g.cfg.MostLag) {
			return
		}
		view, why := g.view(last.query, probes)
		if why != "" {
			return
		}
		again, _, err := g.search(ctx, view, last.query, probes)
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
