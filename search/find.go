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
	// Filter narrows the search. Defaults to everything.
	Filter face.Filter
	// By says what rows the answer has. Defaults to ByFace.
	By By
	// Top is of how many of an identity's nearest templates, or of all where it
	// has fewer, a row by ByIdentity is the mean distance. Defaults to 1, the
	// nearest alone.
	Top int
	// Exact compares with every template that passes the filter, whatever it
	// costs.
	Exact bool
	// MinRecall is the least share of the mates, of those that an exact search
	// returns, to look for; see face.Query. Defaults to face.DefaultMinRecall.
	MinRecall float64
	// Least is a position that what is searched must have reached; see face.Query.
	// Defaults to any.
	Least face.Position
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
	if o.By == "" {
		o.By = ByFace
	}
	if o.Top == 0 {
		o.Top = 1
	}
	return o
}

// check returns Invalid for options that make no search.
func (o FindOptions) check() error {
	if o.K < 1 {
		return face.Errorf(face.Invalid, "k %d: ask for at least 1 candidate", o.K)
	}
	if _, err := ParseBy(string(o.By)); err != nil {
		return err
	}
	if o.Top < 1 || o.Top > 1 && o.By != ByIdentity {
		return face.Errorf(face.Invalid, "the mean of the %d nearest templates: that is of at least 1, and of several for rows by identity only", o.Top)
	}
	return nil
}

// Find searches a gallery for each probe, commonly the faces of one
// photograph, for all of them at once. It looks further than K where that is
// needed to see the runner-up that the decision depends on. Where rows are
// identities, those within the threshold are complete and exact; beyond it a
// mean distance is that of the people whose single faces come nearest.
//
// A search that would have to look at more than face.MostCandidates of one
// probe's candidates, or twenty times as many of all probes', ends there, and its
// answer is not called complete.
//
// It returns Invalid for no probes, a K or Top below 1, a Top for rows by
// ByFace, unknown rows and a threshold that is absent or cannot be converted,
// Mismatch for probes of different spaces, and what the gallery returns.
func (s *Searcher) Find(ctx context.Context, probes []face.Template, opts FindOptions) (FindResult, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return FindResult{}, err
	}
	space, err := commonSpace(probes)
	if err != nil {
		return FindResult{}, err
	}
	if opts.Threshold, err = ConvertThreshold(opts.Threshold, opts.Metric, space); err != nil {
		return FindResult{}, err
	}
	lists, err := s.lists(ctx, probes, opts)
	if err == nil && opts.By == ByIdentity {
		err = s.people(ctx, probes, lists, opts)
	}
	if err != nil {
		return FindResult{}, err
	}
	result := newFindResult(space, opts)
	for i, probe := range probes {
		result.add(probe, lists[i].ranked, lists[i].plan, opts)
	}
	return result, nil
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
