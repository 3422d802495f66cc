package search

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// mostInAll is how many candidates a search goes on to look at for all its probes
// together, beyond those that were asked for: 400 MB of templates of 512 components.
// 20 probes may have face.MostCandidates each.
const mostInAll = 20 * face.MostCandidates

// list is what one probe's search found.
type list struct {
	ranked []Match // nearest first, with exact distances
	plan   face.Plan
}

// lists returns each probe's candidates, nearest first, with exact distances:
// at least K rows where there are so many, and as many as the decision needs.
// All probes are searched at once; those that need more are searched again.
func (s *Searcher) lists(ctx context.Context, probes []face.Template, opts FindOptions) ([]list, error) {
	q := face.Query{
		Gallery:   opts.Gallery,
		Space:     probes[0].Space,
		Metric:    opts.Metric,
		Filter:    opts.Filter,
		Exact:     opts.Exact,
		MinRecall: opts.MinRecall, Least: opts.Least,
	}
	lists := make([]list, len(probes))
	open := make([]int, len(probes))
	for i := range open {
		open[i] = i
	}
	for q.Limit = max(opts.K, DefaultK); len(open) > 0; q.Limit = min(2*q.Limit, face.MostCandidates) {
		answers, err := s.nearest(ctx, q, vectors(probes, open))
		if err != nil {
			return nil, err
		}
		var still []int
		for j, i := range open {
			lists[i] = answers[j]
			if lists[i].exhausted(q.Limit) || opts.settled(lists[i].ranked) {
				continue
			}
			if q.Limit < face.MostCandidates && min(2*q.Limit, face.MostCandidates)*len(probes) <= mostInAll {
				still = append(still, i)
			} else {
				lists[i].plan.Complete = false
			}
		}
		open = still
	}
	return lists, nil
}

// nearest asks the gallery and puts its answers in the order of their exact
// distances.
func (s *Searcher) nearest(ctx context.Context, q face.Query, probes [][]float32) ([]list, error) {
	answers, err := s.gallery.NearestAll(ctx, q, probes)
	if err != nil {
		return nil, err
	}
	lists := make([]list, len(probes))
	for i, a := range answers {
		lists[i].plan = a.Plan
		if lists[i].ranked, err = rank(ctx, q.Metric, probes[i], a.Candidates); err != nil {
			return nil, err
		}
	}
	return lists, nil
}

// exhausted says whether a list that was limited so holds all that there is.
func (l list) exhausted(limit int) bool {
	return len(l.ranked) < limit || l.plan.Complete && int64(len(l.ranked)) >= l.plan.Rows
}

// settled says whether candidates beyond the given ones cannot change the
// decision or, where rows are identities, the K rows: the runner-up is among
// them, or the threshold is passed. A mean is never less than the least that it
// is of, so what is beyond the threshold makes no row within it.
func (o FindOptions) settled(ranked []Match) bool {
	passed := !within(o.Threshold, ranked[len(ranked)-1].Distance)
	if o.By == ByIdentity {
		enough := len(bySubject(ranked, 1)) >= max(o.K, 2)
		return enough && (passed || o.Top == 1)
	}
	_, found := runnerUp(ranked)
	return passed || found
}

// vectors are those of the chosen templates.
func vectors(templates []face.Template, chosen []int) [][]float32 {
	list := make([][]float32, len(chosen))
	for j, i := range chosen {
		list[j] = templates[i].Vector
	}
	return list
}
