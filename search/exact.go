package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// Exact is a Gallery in memory that compares a probe with every template: the
// oracle that indexes are measured against, and enough for evaluations and
// other small uses. The zero value is not usable; make one with NewExact. Its
// methods may be called at the same time.
type Exact struct {
	mu        sync.RWMutex
	spaces    map[string]bool // by name
	galleries map[string]*hall
	faces     int
}

var _ Gallery = (*Exact)(nil)

// NewExact returns a store without galleries.
func NewExact() *Exact {
	return &Exact{
		spaces:    map[string]bool{},
		galleries: map[string]*hall{},
	}
}

// AddGallery makes a gallery known that may hold nothing yet.
func (e *Exact) AddGallery(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hall(name)
}

// AddSpace makes a space known in which nothing may be enrolled yet.
func (e *Exact) AddSpace(space face.Space) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spaces[space.Name()] = true
}

// Enrol adds the templates of one photograph; it keeps their vectors, which
// must not change afterwards, and numbers the faces in the order of enrolment.
// Gallery and space become known with it. It returns Mismatch for a template
// that is not of the enrolment's space or has not its dimension, and Invalid
// for one that is zero or not finite and for metadata that is no JSON object;
// then nothing of the photograph is enrolled.
func (e *Exact) Enrol(gallery string, photo face.Enrolment) error {
	for _, t := range photo.Templates {
		if t.Space != photo.Space {
			return face.Errorf(face.Mismatch, "%s: a template of %s cannot be enrolled in %s",
				photo.Image.Path, t.Space.Name(), photo.Space.Name())
		}
		if err := checkVector(t.Vector, photo.Space); err != nil {
			return face.Wrap(face.CodeOf(err), err, "%s", photo.Image.Path)
		}
	}
	metadata, err := decodeObject([]byte(photo.Image.Metadata))
	if err != nil {
		return face.Wrap(face.CodeOf(err), err, "%s", photo.Image.Path)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	space := photo.Space.Name()
	e.spaces[space] = true
	held := e.hall(gallery)
	if photo.Image.Identity != "" {
		held.people[face.Readable(photo.Image.Identity)] = true
	}
	shelf := held.shelves[space]
	for _, t := range photo.Templates {
		e.faces++
		shelf.metadata = append(shelf.metadata, metadata)
		shelf.candidates = append(shelf.candidates, face.Candidate{
			FaceID:   fmt.Sprintf("00000000-0000-4000-8000-%012x", e.faces),
			Identity: photo.Image.Identity,
			Image:    photo.Image.Path,
			Box:      t.Detection.Box,
			Vector:   t.Vector,
		})
	}
	held.shelves[space] = shelf
	return nil
}

// hall returns what a gallery holds; e.mu must be held.
func (e *Exact) hall(gallery string) *hall {
	held, known := e.galleries[gallery]
	if !known {
		held = &hall{people: map[string]bool{}, shelves: map[string]shelf{}}
		e.galleries[gallery] = held
	}
	return held
}

// Nearest implements Gallery.
func (e *Exact) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	answers, err := e.NearestAll(ctx, q, [][]float32{q.Probe})
	if err != nil {
		return nil, face.Plan{}, err
	}
	return answers[0].Candidates, answers[0].Plan, nil
}

// NearestAll implements Gallery. It gives lists of any length.
func (e *Exact) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	if err := checkQuery(q, probes); err != nil {
		return nil, err
	}
	passing, err := e.passing(q)
	if err != nil {
		return nil, err
	}
	plan := face.Plan{Plan: face.PlanExact, Rows: int64(len(passing)), Complete: true}
	answers := make([]face.Answer, len(probes))
	for i, probe := range probes {
		ranked, err := rank(ctx, q.Metric, probe, passing)
		if err != nil {
			return nil, err
		}
		nearest := make([]face.Candidate, min(q.Limit, len(ranked)))
		for j := range nearest {
			nearest[j] = ranked[j].Candidate
		}
		answers[i] = face.Answer{Candidates: nearest, Plan: plan}
	}
	return answers, nil
}

// passing returns what the query's gallery holds in its space and its filter
// lets pass. The slice only ever grows by appending, so it may be read without
// the lock.
func (e *Exact) passing(q face.Query) ([]face.Candidate, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	held, known := e.galleries[q.Gallery]
	if !known {
		return nil, face.Errorf(face.NotFound, "there is no gallery %q", q.Gallery)
	}
	if !e.spaces[q.Space.Name()] {
		return nil, face.Errorf(face.NotFound, "nothing was ever enrolled in the space %s", q.Space.Name())
	}
	if err := q.Filter.CheckNames(q.Gallery, func(name string) bool { return held.people[name] }); err != nil {
		return nil, err
	}
	return held.shelves[q.Space.Name()].pass(q.Filter)
}

// checkEvery is after how many comparisons rank looks whether it was cancelled.
const checkEvery = 4096

// rank compares the probe with every candidate and sorts them, nearest first,
// equal distances by face id.
func rank(ctx context.Context, metric face.Metric, probe []float32, candidates []face.Candidate) ([]Match, error) {
	ranked := make([]Match, len(candidates))
	for i, c := range candidates {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, face.Wrap(face.Cancelled, ctx.Err(), "search cancelled")
		}
		d, err := Distance(metric, probe, c.Vector)
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "probe against stored face %s", c.FaceID)
		}
		ranked[i] = Match{Candidate: c, Distance: d}
	}
	slices.SortFunc(ranked, nearer)
	return ranked, nil
}

// nearer is the order of candidates.
func nearer(a, b Match) int {
	return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.FaceID, b.FaceID))
}

func checkQuery(q face.Query, probes [][]float32) error {
	if q.Limit < 1 {
		return face.Errorf(face.Invalid, "limit %d: ask for at least 1 candidate", q.Limit)
	}
	if _, err := face.ParseMetric(string(q.Metric)); err != nil {
		return err
	}
	if err := face.CheckRecall(q.MinRecall); err != nil {
		return err
	}
	if err := q.Filter.Check(); err != nil {
		return err
	}
	if len(probes) == 0 {
		return face.Errorf(face.Invalid, "there is no probe to search for")
	}
	for _, probe := range probes {
		if err := checkVector(probe, q.Space); err != nil {
			return err
		}
	}
	return nil
}

// checkVector holds a vector to its space's dimension and refuses what no face
// gives.
func checkVector(v []float32, space face.Space) error {
	if len(v) != space.Dim || len(v) == 0 {
		return face.Errorf(face.Mismatch, "a template of %d components is not one of %s, which has %d", len(v), space.Name(), space.Dim)
	}
	return checkSquare(squareOf(v))
}
