package search

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// DefaultK is how many candidates Find returns per probe where none is asked
// for.
const DefaultK = 10

// Config says what a Searcher works on.
type Config struct {
	Gallery Gallery // where candidates come from; required
}

// Searcher answers who a face is. Its methods may be called at the same time
// as far as its Gallery allows.
type Searcher struct {
	gallery Gallery
}

// NewSearcher returns a Searcher, or Invalid without a gallery.
func NewSearcher(cfg Config) (*Searcher, error) {
	if cfg.Gallery == nil {
		return nil, face.Errorf(face.Invalid, "search.Config.Gallery is missing")
	}
	return &Searcher{gallery: cfg.Gallery}, nil
}

// FindOptions says where and how Find searches.
type FindOptions struct {
	// Gallery is the name of the gallery. Defaults to face.DefaultGallery.
	Gallery string
	// K is how many candidates to return per probe. Defaults to DefaultK.
	K int
	// Metric is the distance. Defaults to face.Cosine.
	Metric face.Metric
	// Threshold decides what matches. It may be in another metric, where it
	// can be converted; see ConvertThreshold. Required.
	Threshold face.Threshold
	// Exact compares with every template, whatever it costs.
	Exact bool
	// MinRecall is the least share of the mates, of those that an exact search
	// returns, to look for; see face.Query. Defaults to face.DefaultMinRecall.
	MinRecall float64
	// Detector is the name that the answer gives as detector.
	Detector string
}

func (o FindOptions) withDefaults() FindOptions {
	if o.Gallery == "" {
		o.Gallery = face.DefaultGallery
	}
	if o.K == 0 {
		o.K = DefaultK
	}
	if o.Metric == "" {
		o.Metric = face.Cosine
	}
	return o
}

// Find searches a gallery for each probe, commonly the faces of one
// photograph. It looks further than K where that is needed to see the
// runner-up that the decision depends on.
//
// It returns Invalid for no probes, a negative K and a threshold that is
// absent or cannot be converted, Mismatch for probes of different spaces, and
// what the gallery returns.
func (s *Searcher) Find(ctx context.Context, probes []face.Template, opts FindOptions) (FindResult, error) {
	opts = opts.withDefaults()
	if opts.K < 1 {
		return FindResult{}, face.Errorf(face.Invalid, "k %d: ask for at least 1 candidate", opts.K)
	}
	space, err := commonSpace(probes)
	if err != nil {
		return FindResult{}, err
	}
	if opts.Threshold, err = ConvertThreshold(opts.Threshold, opts.Metric, space); err != nil {
		return FindResult{}, err
	}
	result := newFindResult(space, opts)
	for _, probe := range probes {
		ranked, plan, err := s.rank(ctx, probe, opts)
		if err != nil {
			return FindResult{}, err
		}
		result.add(probe, ranked, plan, opts)
	}
	return result, nil
}

// rank returns a probe's candidates, nearest first, with exact distances: at
// least K where there are so many, and as many as the decision needs.
func (s *Searcher) rank(ctx context.Context, probe face.Template, opts FindOptions) ([]Match, face.Plan, error) {
	q := face.Query{
		Gallery:   opts.Gallery,
		Space:     probe.Space,
		Probe:     probe.Vector,
		Metric:    opts.Metric,
		Exact:     opts.Exact,
		MinRecall: opts.MinRecall,
	}
	for q.Limit = max(opts.K, DefaultK); ; q.Limit *= 2 {
		candidates, plan, err := s.gallery.Nearest(ctx, q)
		if err != nil {
			return nil, face.Plan{}, err
		}
		ranked, err := rank(ctx, q, candidates)
		if err != nil {
			return nil, face.Plan{}, err
		}
		if len(ranked) < q.Limit || settled(ranked, opts.Threshold) {
			return ranked, plan, nil
		}
	}
}

// settled says whether candidates beyond the given ones cannot change the
// decision: the runner-up is among them, or the threshold is passed.
func settled(ranked []Match, t face.Threshold) bool {
	if !within(t, ranked[len(ranked)-1].Distance) {
		return true
	}
	_, found := runnerUp(ranked)
	return found
}

// commonSpace returns the one space of all templates.
func commonSpace(templates []face.Template) (face.Space, error) {
	if len(templates) == 0 {
		return face.Space{}, face.Errorf(face.Invalid, "there is no face to search for")
	}
	space := templates[0].Space
	for _, t := range templates[1:] {
		if t.Space != space {
			return face.Space{}, face.Errorf(face.Mismatch,
				"templates of %s and %s cannot be compared: embed both with the same model and detector", space.Name(), t.Space.Name())
		}
	}
	return space, nil
}
