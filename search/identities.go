package search

import (
	"context"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// By says what the rows of an answer are.
type By string

// The kinds of rows.
const (
	ByFace     By = "face"     // enrolled faces
	ByIdentity By = "identity" // enrolled people, each by the nearest of its faces
)

// ParseBy reads a kind of rows. It returns Invalid for an unknown one.
func ParseBy(name string) (By, error) {
	switch by := By(name); by {
	case ByFace, ByIdentity:
		return by, nil
	default:
		return "", face.Errorf(face.Invalid, "rows by %q: choose one of %s, %s", name, ByFace, ByIdentity)
	}
}

// bySubject makes one row of each subject's candidates, nearest first: the
// nearest of them, with the mean distance of the nearest, of up to top. A
// photograph that belongs to nobody counts by its nearest face alone, because
// its others are other people's.
func bySubject(ranked []Match, top int) []Match {
	var rows []Match
	at := map[Subject]int{}
	for _, m := range ranked {
		i, known := at[m.Subject()]
		switch {
		case !known:
			at[m.Subject()] = len(rows)
			m.Templates = 1
			rows = append(rows, m)
		case m.Identity != "" && rows[i].Templates < top:
			rows[i].Templates++
			rows[i].Distance += m.Distance
		}
	}
	for i := range rows {
		rows[i].Distance /= float64(rows[i].Templates)
	}
	slices.SortFunc(rows, nearer)
	return rows
}

// people turns lists of faces into lists of identities. A mean may need faces
// that are farther than a list reaches, so those of everyone listed are fetched
// first, for all probes at once.
func (s *Searcher) people(ctx context.Context, probes []face.Template, lists []list, opts FindOptions) error {
	if opts.Top > 1 {
		if err := s.fetchListed(ctx, probes, lists, opts); err != nil {
			return err
		}
	}
	for i := range lists {
		lists[i].ranked = bySubject(lists[i].ranked, opts.Top)
	}
	return nil
}

// fetchListed completes the lists by all faces of the identities in them.
func (s *Searcher) fetchListed(ctx context.Context, probes []face.Template, lists []list, opts FindOptions) error {
	q := face.Query{
		Gallery: opts.Gallery,
		Space:   probes[0].Space,
		Metric:  opts.Metric,
		Filter:  face.Filter{Identities: named(lists), Metadata: opts.Filter.Metadata},
		Limit:   min(face.MostCandidates, max(opts.K, mostInAll/len(probes))),
		Exact:   true,
	}
	if len(q.Filter.Identities) == 0 {
		return nil
	}
	all := make([]int, len(probes))
	for i := range all {
		all[i] = i
	}
	fetched, err := s.nearest(ctx, q, vectors(probes, all))
	if err != nil {
		return err
	}
	for i := range lists {
		nameless := slices.DeleteFunc(slices.Clone(lists[i].ranked), func(m Match) bool { return m.Identity != "" })
		lists[i].ranked = slices.Concat(nameless, fetched[i].ranked)
		slices.SortFunc(lists[i].ranked, nearer)
		lists[i].plan.Complete = lists[i].plan.Complete && fetched[i].exhausted(q.Limit)
	}
	return nil
}

// named are the identities in lists, each once.
func named(lists []list) []string {
	var names []string
	for _, l := range lists {
		for _, m := range l.ranked {
			if m.Identity != "" {
				names = append(names, m.Identity)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
