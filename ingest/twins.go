package ingest

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// twins sees to it that a content is embedded once, under however many names
// it comes: a photograph whose content has been enrolled under another path
// takes that one's templates, or its place in the ledger where the other path
// is no more. It holds what the run has in hand and has not committed yet.
type twins struct {
	cfg    Config
	ledger Ledger
	lacks  func(path string) bool // the path was in the folder, and is gone

	mu    sync.Mutex
	hands map[twinKey]*inHand
	taken map[string]bool // paths whose photographs this run moves elsewhere
}

// twinKey is what two photographs must share to have the same templates.
type twinKey struct {
	sum   [sha256.Size]byte
	which face.Choice
}

// inHand is the first photograph of a content that this run came across.
type inHand struct {
	settled chan struct{} // closed when the rest is final
	good    bool          // there is an enrolment for others to share
	shared  face.Enrolment
}

func newTwins(cfg Config, l Ledger, lacks func(string) bool) *twins {
	return &twins{cfg: cfg, ledger: l, lacks: lacks, hands: map[twinKey]*inHand{}, taken: map[string]bool{}}
}

// kept says which faces of a photograph are enrolled at most: one of a
// person's, unless all are wanted. What gates refuse is not known of an earlier
// run; as with a photograph that is unchanged, what it enrolled stands.
func (s *twins) kept(identity string) face.Choice {
	if identity == "" || s.cfg.Gates.Faces == All {
		return face.AllFaces
	}
	return face.Prominent
}

// claim is a photograph's part in what is in hand of its content.
type claim struct {
	key   twinKey
	hand  *inHand
	first bool // it is the claimant's to settle
}

// claim is to be settled, whatever happens.
func (s *twins) claim(identity string, o outcome) claim {
	key := twinKey{o.enrolment.Image.SHA256, s.kept(identity)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if hand, there := s.hands[key]; there {
		return claim{key, hand, false}
	}
	hand := &inHand{settled: make(chan struct{})}
	s.hands[key] = hand
	return claim{key, hand, true}
}

// seek completes an outcome with what a twin has; nil where it is to be embedded.
// One that is not the first of its content waits for the first.
func (s *twins) seek(ctx context.Context, t task, space int, o outcome, c claim) (*outcome, error) {
	if !c.first {
		select {
		case <-c.hand.settled:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return s.reuse(ctx, t, t.past[space].known, o, c)
}

// settle lets others share what the first has. From its commit on, they find it
// in the ledger.
func (s *twins) settle(c claim, done *outcome, err error) {
	if !c.first {
		return
	}
	if err == nil && done.verdict != rejected && s.fits(done.enrolment, c.key.which) {
		c.hand.good, c.hand.shared = true, done.enrolment
		if s.cfg.Mode == Enrol {
			done.committed = append(done.committed, func() { s.drop(c.key) })
		}
	} else {
		s.drop(c.key)
	}
	close(c.hand.settled)
}

func (s *twins) drop(key twinKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hands, key)
}

// reuse completes an outcome with what a twin has; nil where there is none.
func (s *twins) reuse(ctx context.Context, t task, known bool, o outcome, c claim) (*outcome, error) {
	var others []face.Enrolment
	err := s.cfg.retry(ctx, func() (err error) {
		others, err = s.ledger.Twins(ctx, s.cfg.Gallery, s.cfg.Space, o.enrolment.Image.SHA256)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, twin := range others {
		if !known && s.moves(t, twin) {
			return s.move(o, twin), nil
		}
	}
	if !c.first && c.hand.good {
		return s.share(o, c.hand.shared), nil
	}
	for _, twin := range others {
		if s.copies(t, twin) {
			return s.share(o, twin), nil
		}
	}
	return nil, nil
}

// moves says whether a photograph that is new is a twin that has been moved here,
// and if so keeps others from being it. One that had another choice of faces made is not.
func (s *twins) moves(t task, twin face.Enrolment) bool {
	path := twin.Image.Path
	entry := face.LedgerEntry{Image: twin.Image, Detector: twin.Detector, Rejected: twin.Rejected}
	if !stands(entry, s.cfg) || s.kept(twin.Image.Identity) != s.kept(t.identity) || !s.lacks(path) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[path] {
		return false
	}
	s.taken[path] = true
	return true
}

func (s *twins) move(o outcome, twin face.Enrolment) *outcome {
	from := twin.Image.Path
	o = *s.share(o, twin)
	o.verdict = moved
	if s.cfg.Mode == Enrol {
		o.committed = append(o.committed, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.taken, from)
		})
	}
	return &o
}

// movedAway says, in Plan mode, whether a path vanished because its photograph
// has another one now.
func (s *twins) movedAway(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[path]
}

// copies says whether the templates of a twin are those that embedding the
// photograph would give.
func (s *twins) copies(t task, twin face.Enrolment) bool {
	which := s.kept(t.identity)
	return twin.Image.Path != t.path && s.kept(twin.Image.Identity) == which && s.fits(twin, which)
}

// fits says whether what an enrolment has may be shared: a plan's has nothing,
// and of a photograph that was enrolled when it lay in a folder further up,
// all faces may have been chosen that are one person's now.
func (s *twins) fits(e face.Enrolment, which face.Choice) bool {
	return e.Rejected == "" && e.Detector == s.cfg.Detector && (which == face.AllFaces || len(e.Templates) <= 1)
}

// share gives an outcome what its twin has; a plan has no use for templates.
func (s *twins) share(o outcome, twin face.Enrolment) *outcome {
	if o.verdict == added {
		o.verdict = copied
	}
	o.from = twin.Image.Path
	o.enrolment.Detector, o.enrolment.Rejected = twin.Detector, twin.Rejected
	if s.cfg.Mode == Enrol {
		o.enrolment.Templates = twin.Templates
	}
	o.enrolment.Image.Width, o.enrolment.Image.Height = twin.Image.Width, twin.Image.Height
	return &o
}
