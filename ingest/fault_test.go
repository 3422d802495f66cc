package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

func contains(err error, part string) bool { return err != nil && strings.Contains(err.Error(), part) }

// many is a folder of n photographs of a few people.
func many(t *testing.T, n int) string {
	t.Helper()
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("p%d/%d.jpg", i%5, i)] = fmt.Sprintf("face 1 photo %d", i)
	}
	return folder(t, files)
}

func TestCancelledThenFinishedEqualsCleanRun(t *testing.T) {
	t.Parallel()
	const n = 60
	root := many(t, n)
	for _, at := range []int64{1, 2, 7, 30, 59, 60} {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLedger()
		e := &embedder{before: func(call int64, _ []byte) {
			if call == at {
				cancel()
			}
		}}
		report, err := ingest.Run(ctx, config(root), e, l)
		if !errors.Is(err, context.Canceled) || face.CodeOf(err) != face.Cancelled {
			t.Fatalf("at %d: error %v, want Cancelled", at, err)
		}
		balanced(t, report)
		if rows := len(l.contents(root)); rows != report.Ingested || rows >= n {
			t.Errorf("at %d: %d rows, the report says %d", at, rows, report.Ingested)
		}
		// With 3 workers, all but the call that cancels and its two
		// neighbours were finished, and what is finished is committed.
		if report.Ingested < int(at)-3 {
			t.Errorf("at %d: only %d committed", at, report.Ingested)
		}
		var again embedder
		run(t, config(root), &again, l)
		if calls := int(again.calls.Load()); calls != n-report.Ingested {
			t.Errorf("at %d: %d embedded again, %d were missing", at, calls, n-report.Ingested)
		}
		equalsCleanRun(t, root, l)
	}
}

func TestCancelledWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	root, l := many(t, 40), newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	l.fault = func(method string, _ []face.Enrolment) error {
		if method != "Enrol" {
			return nil
		}
		cancel()
		return face.Errorf(face.Unavailable, "connection refused")
	}
	cfg := config(root)
	cfg.RetryFor = time.Hour // the test would hang if cancelling did not end it
	_, err := ingest.Run(ctx, cfg, &embedder{}, l)
	if !errors.Is(err, context.Canceled) || !contains(err, "connection refused") {
		t.Errorf("error %v, want both the cancellation and its company", err)
	}
}

// TestStoppedAtEveryCommit lets a run die at each of its commits, before or
// after it takes effect, as a killed process does.
func TestStoppedAtEveryCommit(t *testing.T) {
	t.Parallel()
	root := many(t, 22)
	died := face.Errorf(face.Internal, "died")
	for at := 1; at <= 6; at++ {
		for _, when := range []string{"before", "after"} {
			l, calls := newLedger(), 0
			die := func(method string) error {
				if method == "Enrol" {
					calls++
				}
				if calls >= at {
					return died
				}
				return nil
			}
			if when == "before" {
				l.fault = func(method string, _ []face.Enrolment) error { return die(method) }
			} else {
				l.lost = die
			}
			report, err := ingest.Run(t.Context(), config(root), &embedder{}, l)
			if !errors.Is(err, died) {
				t.Fatalf("%s commit %d: error %v", when, at, err)
			}
			balanced(t, report)
			l.fault, l.lost = nil, nil
			run(t, config(root), &embedder{}, l)
			equalsCleanRun(t, root, l)
		}
	}
}

func TestLedgerGoneThenBack(t *testing.T) {
	t.Parallel()
	root, l := many(t, 40), newLedger()
	run(t, config(root), &embedder{}, l)
	write(t, filepath.Join(root, "p0/0.jpg"), "face 1 another")
	must(t, os.Chtimes(filepath.Join(root, "p1/1.jpg"), time.Time{}, time.Unix(1e9, 0)))
	must(t, os.Remove(filepath.Join(root, "p2/2.jpg")))
	away := map[string]int{"Enrol": 3, "Touch": 2, "Forget": 2}
	l.fault = func(method string, _ []face.Enrolment) error {
		if away[method] == 0 {
			return nil
		}
		away[method]--
		return face.Errorf(face.Unavailable, "the database system is shutting down")
	}
	cfg := config(root)
	cfg.Prune = true
	report := run(t, cfg, &embedder{}, l)
	expect(t, report, counts{Files: 39, Replaced: 1, Unchanged: 38, Vanished: 1, Removed: 1, Faces: 1})
	if away["Enrol"]+away["Touch"]+away["Forget"] != 0 {
		t.Errorf("calls that did not meet the fault: %v", away)
	}
	equalsCleanRun(t, root, l)
}

// TestLedgerAwayAtTheStart is told at once: there is nothing to lose yet.
func TestLedgerAwayAtTheStart(t *testing.T) {
	t.Parallel()
	l, calls := newLedger(), 0
	l.fault = func(string, []face.Enrolment) error {
		calls++
		return face.Errorf(face.Unavailable, "connection refused")
	}
	_, err := ingest.Run(t.Context(), config(many(t, 3)), &embedder{}, l)
	if face.CodeOf(err) != face.Unavailable || calls != 1 {
		t.Errorf("error %v after %d calls, want Unavailable after one", err, calls)
	}
}

// TestEnrolledBehindTheWalk has another run enrol a photograph that comes too
// late to be seen by this one, which must not prune it.
func TestEnrolledBehindTheWalk(t *testing.T) {
	t.Parallel()
	root, l := many(t, 5), newLedger()
	late := filepath.Join(root, "p0", "late.jpg")
	cfg := config(root)
	cfg.Prune = true
	e := &embedder{before: func(call int64, _ []byte) {
		if call == 5 {
			write(t, late, "face 1 late")
			other := face.Enrolment{Image: face.Image{Path: late, Identity: "p0"}, Space: space, Detector: "fake"}
			must(t, l.Enrol(context.Background(), face.DefaultGallery, []face.Enrolment{other}))
		}
	}}
	expect(t, run(t, cfg, e, l), counts{Files: 5, Ingested: 5, Faces: 5})
	if _, there := l.contents(root)["p0/late.jpg"]; !there {
		t.Error("what another run enrolled was pruned")
	}
}

func TestLedgerAwayDuringTheComparison(t *testing.T) {
	t.Parallel()
	root, l := many(t, 2500), newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Remove(filepath.Join(root, "p0/0.jpg")))
	asked, away := 0, map[string]int{"Known": 2, "Below": 2}
	l.lost = func(method string) error {
		if asked++; asked == 1 || away[method] == 0 {
			return nil
		}
		away[method]--
		return face.Errorf(face.Unavailable, "the database system is shutting down")
	}
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 2499, Unchanged: 2499, Vanished: 1})
	if away["Known"]+away["Below"] != 0 {
		t.Errorf("calls that did not meet the fault: %v", away)
	}
}

func TestAnswerOfACommitIsLost(t *testing.T) {
	t.Parallel()
	root, l := many(t, 40), newLedger()
	times := 0
	l.lost = func(method string) error {
		if times++; method == "Enrol" && times%3 == 0 {
			return face.Errorf(face.Unavailable, "connection reset")
		}
		return nil
	}
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 40, Ingested: 40, Faces: 40})
	equalsCleanRun(t, root, l)
}

// TestPausedSaysWhy tells why a run waits once for each reason, and with the last
// one how it ends.
func TestPausedSaysWhy(t *testing.T) {
	t.Parallel()
	l := newLedger()
	answers := []string{"the database went away", "the database went away", "the database's disk is full", "the database's disk is full"}
	l.fault = func(method string, _ []face.Enrolment) error {
		if method != "Enrol" || len(answers) == 0 {
			return nil
		}
		why := answers[0]
		answers = answers[1:]
		return face.Errorf(face.Unavailable, "%s", why)
	}
	var told []string
	cfg := config(many(t, 4))
	cfg.Paused = func(why error) { told = append(told, why.Error()) }
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 4, Ingested: 4, Faces: 4})
	if want := []string{"the database went away", "the database's disk is full"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	l.fault = func(method string, _ []face.Enrolment) error {
		if method == "Enrol" {
			return face.Errorf(face.Unavailable, "the database's disk is full")
		}
		return nil
	}
	cfg.Root, cfg.RetryFor = many(t, 5), 100*time.Millisecond
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, l); !contains(err, "ingest: the database's disk is full. That was tried for 100ms") {
		t.Errorf("it ends with %v", err)
	}
}

func TestLedgerStaysAway(t *testing.T) {
	t.Parallel()
	root, l := many(t, 40), newLedger()
	enrols := 0
	l.fault = func(method string, _ []face.Enrolment) error {
		if method == "Enrol" {
			enrols++
		}
		if enrols > 3 {
			return face.Errorf(face.Unavailable, "connection refused")
		}
		return nil
	}
	cfg := config(root)
	cfg.RetryFor = 200 * time.Millisecond
	report, err := ingest.Run(t.Context(), cfg, &embedder{}, l)
	if face.CodeOf(err) != face.Unavailable || !contains(err, "run the same again") {
		t.Errorf("error %v", err)
	}
	balanced(t, report)
	if report.Ingested != 12 || len(l.contents(root)) != 12 {
		t.Errorf("%d ingested, %d rows, want the 3 batches before it went", report.Ingested, len(l.contents(root)))
	}
	l.fault = nil
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 40, Ingested: 28, Unchanged: 12, Faces: 28})
	equalsCleanRun(t, root, l)
}

// TestTwoRunsAtOnce has two runs share a folder and a ledger (reliability test 19).
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	root, l := many(t, 80), newLedger()
	var both errgroup.Group
	for range 2 {
		both.Go(func() error {
			report, err := ingest.Run(t.Context(), config(root), &embedder{}, l)
			if err == nil && report.Files != 80 {
				err = fmt.Errorf("%d files", report.Files)
			}
			return err
		})
	}
	must(t, both.Wait())
	equalsCleanRun(t, root, l)
}

// TestLedgerRefusesOne has one photograph that cannot be stored, in a full
// batch.
func TestLedgerRefusesOne(t *testing.T) {
	t.Parallel()
	root, l := many(t, 10), newLedger()
	l.fault = func(_ string, batch []face.Enrolment) error {
		for _, e := range batch {
			if strings.HasSuffix(e.Image.Path, "p2/7.jpg") {
				return face.Errorf(face.Invalid, "no such vector can be stored")
			}
		}
		return nil
	}
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 10, Ingested: 9, Faces: 9, Rejected: map[face.Code]int{face.Invalid: 1}})
	if len(l.contents(root)) != 9 {
		t.Errorf("%d rows, want 9", len(l.contents(root)))
	}
}

func TestEmbedderFaults(t *testing.T) {
	t.Parallel()
	for _, code := range []face.Code{face.Unavailable, face.Mismatch, face.Invalid} {
		root, l := many(t, 20), newLedger()
		write(t, root+"/p0/x.jpg", "code "+string(code)+" x")
		report, err := ingest.Run(t.Context(), config(root), &embedder{}, l)
		if face.CodeOf(err) != code || !contains(err, "x.jpg") {
			t.Errorf("%s: error %v, want it to stop the run", code, err)
		}
		balanced(t, report)
		if len(l.contents(root)) != report.Ingested {
			t.Errorf("%s: %d rows, the report says %d", code, len(l.contents(root)), report.Ingested)
		}
	}
}

func TestInternalFaultIsTriedAgain(t *testing.T) {
	t.Parallel()
	root, l := many(t, 20), newLedger()
	write(t, root+"/p0/x.jpg", "code internal x")
	for _, want := range []counts{
		{Files: 21, Ingested: 20, Faces: 20, Rejected: map[face.Code]int{face.Internal: 1}},
		{Files: 21, Unchanged: 20, Rejected: map[face.Code]int{face.Internal: 1}},
	} {
		var e embedder
		expect(t, run(t, config(root), &e, l), want)
		if e.calls.Load() == 0 {
			t.Error("the photograph was not tried again")
		}
	}
}

// stuck embeds a few photographs, and waits at the next until it is stopped.
type stuck struct {
	embedder
	after int64
}

func (s *stuck) EmbedIn(ctx context.Context, data []byte, which face.Choice, spaces []face.Space) ([]face.Photo, error) {
	if s.calls.Load() >= s.after {
		<-ctx.Done()
	}
	return s.embedder.EmbedIn(ctx, data, which, spaces)
}

// TestFailedCommitStopsTheWorkers would hang if it did not.
func TestFailedCommitStopsTheWorkers(t *testing.T) {
	t.Parallel()
	root, l := many(t, 100), newLedger()
	died := face.Errorf(face.Internal, "unexpected answer")
	l.fault = func(method string, _ []face.Enrolment) error {
		if method == "Enrol" {
			return died
		}
		return nil
	}
	report, err := ingest.Run(t.Context(), config(root), &stuck{after: 10}, l)
	if !errors.Is(err, died) || report.Files != 0 {
		t.Errorf("error %v, report %+v", err, report)
	}
}

// alien gives templates of another space than it promised.
type alien struct{ photo face.Photo }

func (a alien) EmbedIn(_ context.Context, _ []byte, _ face.Choice, spaces []face.Space) ([]face.Photo, error) {
	return inEach(spaces, func() (face.Photo, error) { return a.photo, nil })
}

func TestForeignTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	root, other := many(t, 3), space
	other.Detector = "other"
	for name, template := range map[string]face.Template{
		"space":     {Space: other, Vector: make([]float32, 4)},
		"dimension": {Space: space, Vector: make([]float32, 3)},
	} {
		l := newLedger()
		_, err := ingest.Run(t.Context(), config(root), alien{face.Photo{Templates: []face.Template{template}}}, l)
		if face.CodeOf(err) != face.Mismatch || len(l.contents(root)) != 0 {
			t.Errorf("%s: error %v, want Mismatch", name, err)
		}
	}
}
