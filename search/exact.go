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
	spaces    map[string]bool                        // by name
	galleries map[string]map[string][]face.Candidate // by gallery, then by the space's name
	faces     int
}

var _ Gallery = (*Exact)(nil)

// NewExact returns a store without galleries.
func NewExact() *Exact {
	return &Exact{
		spaces:    map[string]bool{},
		galleries: map[string]map[string][]face.Candidate{},
	}
}

// AddGallery makes a gallery known that may hold nothing yet.
func (e *Exact) AddGallery(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gallery(name)
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
// for one that is zero or not finite; then nothing of the photograph is
// enrolled.
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
	e.mu.Lock()
	defer e.mu.Unlock()
	space := photo.Space.Name()
	e.spaces[space] = true
	held := e.gallery(gallery)
	for _, t := range photo.Templates {
		e.faces++
		held[space] = append(held[space], face.Candidate{
			FaceID:   fmt.Sprintf("00000000-0000-4000-8000-%012x", e.faces),
			Identity: photo.Image.Identity,
			Image:    photo.Image.Path,
			Box:      t.Detection.Box,
			Vector:   t.Vector,
		})
	}
	return nil
}

// gallery returns a gallery's templates, by space; e.mu must be held.
func (e *Exact) gallery(name string) map[string][]face.Candidate {
	held, known := e.galleries[name]
	if !known {
		held = map[string][]face.Candidate{}
		e.galleries[name] = held
	}
	return held
}

// Nearest implements Gallery.
func (e *Exact) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	if err := checkQuery(q); err != nil {
		return nil, face.Plan{}, err
	}
	enrolled, err := e.enrolled(q)
	if err != nil {
		return nil, face.Plan{}, err
	}
	ranked, err := rank(ctx, q, enrolled)
	if err != nil {
		return nil, face.Plan{}, err
	}
	nearest := make([]face.Candidate, min(q.Limit, len(ranked)))
	for i := range nearest {
		nearest[i] = ranked[i].Candidate
	}
	return nearest, face.Plan{Plan: face.PlanExact, Rows: int64(len(enrolled)), Complete: true}, nil
}

// enrolled returns what the query's gallery holds in its space. The slice only
// ever grows by appending, so it may be read without the lock.
func (e *Exact) enrolled(q face.Query) ([]face.Candidate, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	held, known := e.galleries[q.Gallery]
	if !known {
		return nil, face.Errorf(face.NotFound, "there is no gallery %q", q.Gallery)
	}
	if !e.spaces[q.Space.Name()] {
		return nil, face.Errorf(face.NotFound, "nothing was ever enrolled in the space %s", q.Space.Name())
	}
	return held[q.Space.Name()], nil
}

// checkEvery is after how many comparisons rank looks whether it was cancelled.
const checkEvery = 4096

// rank compares the probe with every candidate and sorts them, nearest first,
// equal distances by face id.
func rank(ctx context.Context, q face.Query, candidates []face.Candidate) ([]Match, error) {
	ranked := make([]Match, len(candidates))
	for i, c := range candidates {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, face.Wrap(face.Cancelled, ctx.Err(), "search cancelled")
		}
		d, err := Distance(q.Metric, q.Probe, c.Vector)
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "probe against stored face %s", c.FaceID)
		}
		ranked[i] = Match{Candidate: c, Distance: d}
	}
	slices.SortFunc(ranked, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.FaceID, b.FaceID))
	})
	return ranked, nil
}

func checkQuery(q face.Query) error {
	if q.Limit < 1 {
		return face.Errorf(face.Invalid, "limit %d: ask for at least 1 candidate", q.Limit)
	}
	if _, err := face.ParseMetric(string(q.Metric)); err != nil {
		return err
	}
	if err := face.CheckRecall(q.MinRecall); err != nil {
		return err
	}
	return checkVector(q.Probe, q.Space)
}

// checkVector holds a vector to its space's dimension and refuses what no face
// gives.
func checkVector(v []float32, space face.Space) error {
	if len(v) != space.Dim || len(v) == 0 {
		return face.Errorf(face.Mismatch, "a template of %d components is not one of %s, which has %d", len(v), space.Name(), space.Dim)
	}
	return checkSquare(squareOf(v))
}
