package resident

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Exact has the templates themselves: it says what a search is over, and has the last
// word on what it found. The database implements it.
type Exact interface {
	// Rank compares each probe with those of the faces proposed for it that are enrolled
	// now, in q.Gallery and q.Space, and that q.Filter lets pass. It gives an answer for
	// each probe: the nearest q.Limit, in the order and with the errors of
	// search.Gallery. Where propose fails it returns that error.
	Rank(ctx context.Context, q face.Query, probes [][]float32, propose func(face.Region) ([][][16]byte, error)) ([]face.Answer, error)
}

// Source knows the indexes that are in memory.
type Source interface {
	// Resident returns the index of a space; false where it has none, or none that
	// holds all that was committed up to its position.
	Resident(space face.Space) (View, bool)
}

// View is an index and how far it follows the database.
type View struct {
	Index    *Index
	Position face.Position
	Lag      time.Duration // since it was known to stand where the database does
}

// Meter counts searches. Its methods may be called by several goroutines at once.
type Meter interface {
	// Searched counts a search in memory: so many probes among so many templates, and how
	// many candidates of all of them were compared exactly.
	Searched(probes int, rows int64, candidates int)
	// PassedOn counts one that the fallback answered, and one of the reasons for that.
	PassedOn(why string)
	// Checked counts one that was repeated exactly: how many candidates there are then,
	// and how many of them the search in memory had missed.
	Checked(found, missed int)
}

// Why a search is passed on.
const (
	NotHeld = "not_held" // its space is not in memory, or not whole
	Behind  = "behind"   // the templates in memory lag, or are not as far as is asked for
	Unlike  = "unlike"   // codes cannot answer such a query
	Changed = "changed"  // the index was closed meanwhile, or what it knows is gone
)

// GalleryConfig says what a Gallery searches in. Source, Exact and Fallback are
// required.
type GalleryConfig struct {
	Source Source
	Exact  Exact
	// Fallback is searched where the indexes in memory do not serve.
	Fallback search.Gallery
	// MostLag is how far an index may be behind to be searched. Defaults to 10 s.
	MostLag time.Duration
	// Meter counts. Defaults to nothing.
	Meter Meter
}

// defaultMostLag is some times as long as an idle database takes to say that there is
// nothing new.
const defaultMostLag = 10 * time.Second

// The share of the mates that an exact search returns that a search through codes
// returns at least, with a confidence of 95 %: the lower end of the one-sided Wilson
// interval, where mates of a probe are missed together with a design effect of 1.33
// (docs/search.md). At a million templates of 512 bits none of 2,000 was missed, of 64
// bits one of 975, and at ten million of 128 bits one of 1,116 (docs/trials.md). Queries
// that ask for more are left to the fallback.
const (
	manyBitsRecall = 0.998 // with manyBits or more
	fewBitsRecall  = 0.994
	manyBits       = 512
)

// promise is the recall of a search through the index.
func (x *Index) promise() float64 {
	if x.coder.rotation.size < manyBits {
		return fewBitsRecall
	}
	return manyBitsRecall
}

// How many candidates are compared exactly for a list of a given length: codes of bytes
// put a few in a wrong order, and some may be gone.
const (
	leastRanked   = 60
	rankedForEach = 2
)

// mostLimit is how long lists are made from codes.
const mostLimit = MostCandidates / rankedForEach

// Gallery searches through the indexes in memory, and has the result looked up and
// ranked exactly. What that cannot answer goes to another gallery: exact searches, those
// by metadata, long lists, a higher recall than codes have and spaces that are not in
// memory or too far behind. It implements search.Gallery. Make one with NewGallery.
type Gallery struct {
	cfg      GalleryConfig
	checking atomic.Bool
	last     atomic.Pointer[asked] // while there is somebody to check it
}

var _ search.Gallery = (*Gallery)(nil)

// NewGallery makes a gallery. Nothing is to be closed.
func NewGallery(cfg GalleryConfig) *Gallery {
	if cfg.MostLag == 0 {
		cfg.MostLag = defaultMostLag
	}
	if cfg.Meter == nil {
		cfg.Meter = uncounted{}
	}
	return &Gallery{cfg: cfg}
}

// uncounted is a Meter that does nothing.
type uncounted struct{}

func (uncounted) Searched(int, int64, int) {}
func (uncounted) PassedOn(string)          {}
func (uncounted) Checked(int, int)         {}

// Nearest implements search.Gallery.
func (g *Gallery) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	answers, err := g.NearestAll(ctx, q, [][]float32{q.Probe})
	if err != nil {
		return nil, face.Plan{}, err
	}
	return answers[0].Candidates, answers[0].Plan, nil
}

// NearestAll implements search.Gallery.
func (g *Gallery) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	view, why := g.view(q, probes)
	if why == "" {
		answers, compared, err := g.search(ctx, view, q, probes)
		if err == nil {
			g.cfg.Meter.Searched(len(probes), answers[0].Plan.Rows, compared)
			g.keep(asked{q, probes[0], answers[0].Candidates})
		}
		if !errors.Is(err, errChanged) {
			return answers, err
		}
		why = Changed
	}
	g.cfg.Meter.PassedOn(why)
	return g.cfg.Fallback.NearestAll(ctx, q, probes)
}

// view is the index that can answer a query, or why there is none.
func (g *Gallery) view(q face.Query, probes [][]float32) (view View, why string) {
	if !serves(q) || len(probes) == 0 {
		return View{}, Unlike
	}
	view, held := g.cfg.Source.Resident(q.Space)
	switch {
	case !held:
		return View{}, NotHeld
	case q.MinRecall > view.Index.promise():
		return View{}, Unlike
	case view.Lag > g.cfg.MostLag || view.Position < q.Least:
		return View{}, Behind
	}
	return view, ""
}

// search searches an index, and says how many candidates were compared exactly. It
// returns errChanged where the answer cannot be relied on.
func (g *Gallery) search(ctx context.Context, view View, q face.Query, probes [][]float32) (answers []face.Answer, compared int, err error) {
	n := max(leastRanked, rankedForEach*q.Limit)
	var rows int64
	var candidates [][]Candidate
	answers, err = g.cfg.Exact.Rank(ctx, q, probes, func(at face.Region) (_ [][][16]byte, err error) {
		rows = view.Index.Rows(at.Gallery)
		candidates, err = inGroups(ctx, view.Index, probes, q.Metric, Filter(at), n)
		if err != nil && face.CodeOf(err) == face.Unavailable { // it was closed meanwhile
			return nil, errors.Join(errChanged, err)
		}
		return faces(candidates), err
	})
	if err != nil {
		return nil, 0, err
	}
	for i := range answers {
		if len(answers[i].Candidates) < q.Limit && len(candidates[i]) == n { // so many are gone meanwhile
			return nil, 0, errChanged
		}
		compared += len(candidates[i])
		answers[i].Plan = face.Plan{Plan: face.PlanResident, Rows: rows, Position: view.Position, Lag: view.Lag.Seconds()}
	}
	return answers, compared, nil
}

// group is how many probes are searched for at once, so that others come in between and
// a caller that has left is noticed.
const group = 32

// inGroups finds the candidates of all probes.
func inGroups(ctx context.Context, x *Index, probes [][]float32, metric face.Metric, filter Filter, n int) ([][]Candidate, error) {
	var all [][]Candidate
	for some := range slices.Chunk(probes, group) {
		if err := ctx.Err(); err != nil {
			return nil, face.Wrap(face.Cancelled, err, "search in memory")
		}
		found, err := x.Candidates(some, metric, filter, n)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// errChanged says that the index is closed, or too much of what it knows is gone.
var errChanged = errors.New("the index in memory has changed")

// serves says whether codes can answer a query. One that is not valid is left to the
// fallback, which says what is wrong with it.
func serves(q face.Query) bool {
	_, err := face.ParseMetric(string(q.Metric))
	return err == nil && !q.Exact && len(q.Filter.Metadata) == 0 && q.Limit >= 1 && q.Limit <= mostLimit && q.MinRecall >= 0
}

// faces are the ids of candidates.
func faces(candidates [][]Candidate) [][][16]byte {
	all := make([][][16]byte, len(candidates))
	for i, list := range candidates {
		all[i] = make([][16]byte, len(list))
		for k, c := range list {
			all[i][k] = c.Face
		}
	}
	return all
}
