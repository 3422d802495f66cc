package ingest

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// writer commits outcomes in batches and alone keeps the report. What is not
// committed is not counted.
type writer struct {
	cfg     Config
	ledger  Ledger
	reports []*Report // of each space

	found    atomic.Int64 // counted by the walker
	walked   atomic.Bool
	progress Progress
	enrol    []outcome
	move     []outcome
	touch    []outcome
}

// drain takes outcomes until there are no more, also when a commit has failed,
// so that nobody who sends them waits for ever; then stop is called to end the
// work. After ctx is cancelled, what was finished is still committed.
func (w *writer) drain(ctx context.Context, outcomes <-chan []outcome, stop func()) error {
	commit, done := outliving(ctx, commitGrace)
	defer done()
	var failed error
	for o := range outcomes {
		if failed != nil {
			continue
		}
		if failed = w.take(ctx, commit, o); failed != nil {
			stop()
		}
	}
	if failed != nil {
		return failed
	}
	return w.flush(ctx, commit)
}

// take enters the outcomes of one photograph in the next batch. They stay
// together, so that it moves in all spaces before it is enrolled in some.
func (w *writer) take(ctx, commit context.Context, outcomes []outcome) error {
	w.advance(outcomes)
	for _, o := range outcomes {
		switch {
		case o.verdict == unchanged, o.passing, w.cfg.Mode == Plan:
			w.count(o)
		case o.verdict == touched:
			w.touch = append(w.touch, o)
		case o.verdict == moved:
			w.move = append(w.move, o)
		default:
			w.enrol = append(w.enrol, o)
		}
	}
	if max(len(w.enrol), len(w.move), len(w.touch)) < w.cfg.BatchSize {
		return nil
	}
	return w.flush(ctx, commit)
}

func (w *writer) advance(outcomes []outcome) {
	w.progress.Done++
	for _, o := range outcomes {
		if o.verdict != moved {
			w.progress.Faces += len(o.enrolment.Templates)
		}
	}
	if slices.ContainsFunc(outcomes, func(o outcome) bool { return o.verdict == rejected }) {
		w.progress.Failed++
	}
	w.progress.Walked = w.walked.Load() // before found, which then is final
	w.progress.Found = int(w.found.Load())
	w.progress.Settled = w.soFar()
	w.cfg.Progress(w.progress)
}

// count enters a settled outcome in the report.
func (w *writer) count(o outcome) {
	for _, call := range o.committed {
		call()
	}
	report, path := w.reports[o.space], face.Readable(o.enrolment.Image.Path)
	if o.verdict == rejected {
		w.reject(path, o)
		return
	}
	report.settle(w.cfg.Mode, o.verdict, Change{Path: path, From: face.Readable(o.from)})
	if o.verdict == moved {
		return
	}
	report.Faces += len(o.enrolment.Templates)
	for _, f := range o.failed {
		j := Rejection{Kind: OneFace, Path: path, Space: w.spaceOf(o), Reason: f.reason, Message: f.message}.seenAt(f.of)
		report.rejectFace(j)
		w.cfg.Rejected(j)
	}
}

// spaceOf is told where there are several.
func (w *writer) spaceOf(o outcome) string {
	if len(w.reports) == 1 {
		return ""
	}
	return w.reports[o.space].Space
}

func (w *writer) reject(path string, o outcome) {
	j := Rejection{Kind: File, Path: path, Space: w.spaceOf(o), Reason: o.enrolment.Rejected, Message: o.enrolment.Detail}
	if len(o.failed) > 0 {
		j = j.seenAt(o.failed[0].of)
	}
	w.reports[o.space].reject(j)
	w.cfg.Rejected(j)
}

func (w *writer) flush(ctx, commit context.Context) error {
	if err := w.touchAll(ctx, commit); err != nil {
		return err
	}
	if err := w.moveAll(ctx, commit); err != nil {
		return err
	}
	batch := w.enrol
	w.enrol = nil
	return w.store(ctx, commit, batch)
}

func (w *writer) touchAll(ctx, commit context.Context) error {
	batch := w.touch
	w.touch = nil
	if len(batch) == 0 {
		return nil
	}
	images := make([]face.Image, len(batch))
	for i, o := range batch {
		images[i] = o.enrolment.Image
	}
	err := w.cfg.retry(ctx, func() error { return w.ledger.Touch(commit, w.cfg.Gallery, images) })
	if err != nil {
		return err
	}
	for _, o := range batch {
		w.count(o)
	}
	return nil
}

// moveAll commits the moves. One that the ledger does not make, because another
// run came first, is enrolled with its twin's templates instead.
func (w *writer) moveAll(ctx, commit context.Context) error {
	batch := w.move
	w.move = nil
	if len(batch) == 0 {
		return nil
	}
	moves := make([]face.Move, len(batch))
	for i, o := range batch {
		to := o.enrolment.Image
		moves[i] = face.Move{From: o.from, To: to, Keep: !w.cfg.named() && folderOf(w.cfg.Root, o.from) == folderOf(w.cfg.Root, to.Path)}
	}
	made := make([]bool, len(batch))
	err := w.cfg.retry(ctx, func() (err error) {
		made, err = w.ledger.Move(commit, w.cfg.Gallery, moves)
		return err
	})
	if code := face.CodeOf(err); code != "" && code != face.Invalid && code != face.Mismatch {
		return err
	}
	for i, o := range batch {
		switch {
		case err == nil && made[i]:
			w.count(o)
			continue
		case o.enrolment.Rejected == "":
			o.verdict = copied
		default:
			o.verdict = rejected
		}
		w.enrol = append(w.enrol, o)
	}
	return nil
}

// store commits a batch. Where the ledger refuses what is in it, each
// photograph is offered alone, so that only those that cannot be stored are
// rejected.
func (w *writer) store(ctx, commit context.Context, batch []outcome) error {
	if len(batch) == 0 {
		return nil
	}
	enrolments := make([]face.Enrolment, len(batch))
	for i, o := range batch {
		enrolments[i] = o.enrolment
	}
	err := w.cfg.retry(ctx, func() error { return w.ledger.Enrol(commit, w.cfg.Gallery, enrolments) })
	switch code := face.CodeOf(err); {
	case err == nil:
		for _, o := range batch {
			w.count(o)
		}
		return nil
	case code != face.Invalid && code != face.Mismatch:
		return err
	case len(batch) == 1:
		refused := refusal(batch[0].enrolment.Image.Path, err)
		refused.space, refused.committed = batch[0].space, batch[0].committed
		w.count(refused)
		return nil
	}
	for i := range batch {
		if err := w.store(ctx, commit, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// prune counts what has vanished and, where the configuration says so, removes
// it, a batch at a time.
func (w *writer) prune(ctx context.Context, missing []string) error {
	report := w.reports[0]
	report.Vanished = len(missing)
	if !w.cfg.Prune {
		return nil
	}
	if w.cfg.Mode == Plan {
		report.Removed = len(missing)
		for _, path := range missing {
			report.Changes = append(report.Changes, Change{Path: face.Readable(path), Kind: Remove})
		}
		return nil
	}
	for len(missing) > 0 {
		n := min(len(missing), w.cfg.BatchSize)
		var gone int
		err := w.cfg.retry(ctx, func() (err error) {
			gone, err = w.ledger.Forget(ctx, w.cfg.Gallery, missing[:n])
			return err
		})
		if err != nil {
			return err
		}
		report.Removed += gone
		missing = missing[n:]
	}
	return nil
}

// soFar is the report of the first space, with those of the others, as they stand.
func (w *writer) soFar() Report {
	first := *w.reports[0]
	for _, other := range w.reports[1:] {
		first.Also = append(first.Also, *other)
	}
	return first
}

// finish is the report of the first space, with those of the others.
func (w *writer) finish(elapsed time.Duration) Report {
	for _, r := range w.reports {
		r.finish(elapsed)
	}
	return w.soFar()
}
