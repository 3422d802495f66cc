package httpapi

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// The stages of a request that are timed.
const (
	stageWait   = "wait"   // for a turn
	stageEmbed  = "embed"  // decode, find faces, recognise
	stageSearch = "search" // the nearest of templates
)

// stage times a part of a request, until end is called.
func (s *Server) stage(ctx context.Context, name string) (_ context.Context, end func()) {
	begun := time.Now()
	ctx, span := s.cfg.Tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindInternal))
	return ctx, func() {
		span.End()
		s.cfg.Metrics.Stage(name, time.Since(begun))
	}
}

// turn waits at a gate.
func (s *Server) turn(ctx context.Context, g *gate) (leave func(), err error) {
	_, end := s.stage(ctx, stageWait)
	defer end()
	return g.enter(ctx)
}

// inTurns are Models that are lent to so many requests at once. Whatever infers has
// to borrow first, so that no route can do without.
type inTurns struct {
	Models
	s *Server
}

// Lend is Models'. It may return a refusal too. The function may be called again.
func (m inTurns) Lend(ctx context.Context, choice Choice) (Embedder, func(), error) {
	leave, err := m.s.turn(ctx, m.s.inference)
	if err != nil {
		return nil, nil, err
	}
	e, giveBack, err := m.Models.Lend(ctx, choice)
	if err != nil {
		leave()
		return nil, nil, err
	}
	return watched{e, m.s}, sync.OnceFunc(func() { giveBack(); leave() }), nil
}

// LendCutter is Models'. It may return a refusal too. The function may be called again.
func (m inTurns) LendCutter(ctx context.Context, choice Choice) (Cutter, func(), error) {
	leave, err := m.s.turn(ctx, m.s.inference)
	if err != nil {
		return nil, nil, err
	}
	cutter, giveBack, err := m.Models.LendCutter(ctx, choice)
	if err != nil {
		leave()
		return nil, nil, err
	}
	return watchedCutter{cutter, m.s}, sync.OnceFunc(func() { giveBack(); leave() }), nil
}

// watched is an Embedder that is timed and finds no more faces than the limit.
type watched struct {
	Embedder
	s *Server
}

// Faces is Embedder's.
func (w watched) Faces(ctx context.Context, photo []byte, want Wanted) (face.Photo, error) {
	ctx, end := w.s.stage(ctx, stageEmbed)
	defer end()
	return w.Embedder.Faces(ctx, photo, w.s.fewer(want))
}

// FacesFed is Embedder's.
func (w watched) FacesFed(ctx context.Context, photo []byte, want Wanted) (face.Photo, Fed, error) {
	ctx, end := w.s.stage(ctx, stageEmbed)
	defer end()
	return w.Embedder.FacesFed(ctx, photo, w.s.fewer(want))
}

// watchedCutter is a Cutter that is timed and finds no more faces than the limit.
type watchedCutter struct {
	Cutter
	s *Server
}

// Cut is Cutter's.
func (w watchedCutter) Cut(ctx context.Context, photo []byte, want Wanted) (Cut, error) {
	ctx, end := w.s.stage(ctx, stageEmbed)
	defer end()
	return w.Cutter.Cut(ctx, photo, w.s.fewer(want))
}

// analyzerInTurns is an Analyzer that is asked by so many requests at once, each about
// no more faces than the limit.
type analyzerInTurns struct {
	Analyzer
	s *Server
}

// Analyze is Analyzer's. It may return a refusal too.
func (a analyzerInTurns) Analyze(ctx context.Context, photo []byte, asked Asked, choice Choice, want Wanted) ([]Analysis, error) {
	leave, err := a.s.turn(ctx, a.s.inference)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, end := a.s.stage(ctx, stageEmbed)
	defer end()
	return a.Analyzer.Analyze(ctx, photo, asked, choice, a.s.fewer(want))
}

// fewer keeps what is wanted below the limit of faces.
func (s *Server) fewer(want Wanted) Wanted {
	if most := s.cfg.MaxFaces; want.MaxFaces <= 0 || want.MaxFaces > most {
		want.MaxFaces = most
	}
	return want
}

// bounded is a Store that is searched by so many requests at once, each in the
// galleries of its caller's key.
type bounded struct {
	Store
	gallery search.Gallery
	s       *Server
}

// Nearest is search.Gallery's. It may return a refusal too.
func (b bounded) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	end, err := b.enter(ctx, q.Gallery)
	if err != nil {
		return nil, face.Plan{}, err
	}
	defer end()
	return b.gallery.Nearest(ctx, q)
}

// NearestAll is search.Gallery's. It may return a refusal too.
func (b bounded) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	end, err := b.enter(ctx, q.Gallery)
	if err != nil {
		return nil, err
	}
	defer end()
	return b.gallery.NearestAll(ctx, q, probes)
}

// Enrol is Store's. It may return a refusal too.
func (b bounded) Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error {
	if err := within(ctx, gallery); err != nil {
		return err
	}
	return b.Store.Enrol(ctx, gallery, batch)
}

// enter waits for a turn to search a gallery, until end is called.
func (b bounded) enter(ctx context.Context, gallery string) (end func(), err error) {
	if err := within(ctx, gallery); err != nil {
		return nil, err
	}
	leave, err := b.s.turn(ctx, b.s.searching)
	if err != nil {
		return nil, err
	}
	_, timed := b.s.stage(ctx, stageSearch)
	return func() { timed(); leave() }, nil
}
