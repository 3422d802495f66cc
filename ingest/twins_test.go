package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// TestOneContentIsEmbeddedOnce has one photograph under many names: it is embedded
// once, and each name has its templates (reliability test 14).
func TestOneContentIsEmbeddedOnce(t *testing.T) {
	t.Parallel()
	files := map[string]string{"1.jpg": "face 2 same", "2.jpg": "face 2 same"}
	for i := range 30 {
		files[fmt.Sprintf("p%d/%d.jpg", i%3, i)] = "face 2 same"
	}
	root, l := folder(t, files), newLedger()
	var e embedder
	expect(t, run(t, config(root), &e, l), counts{Files: 32, Ingested: 2, Copied: 30, Faces: 34})
	if n := e.calls.Load(); n != 2 {
		t.Errorf("embedded %d times, want once for the folders and once for the top, where all faces count", n)
	}
	for name, row := range l.contents(root) {
		want := 1
		if row.Image.Identity == "" {
			want = 2
		}
		if len(row.Templates) != want || row.Image.Width != 640 {
			t.Errorf("%s: %+v", name, row)
		}
	}

	write(t, filepath.Join(root, "late/1.jpg"), "face 2 same")
	write(t, filepath.Join(root, "p0/0.jpg"), "face 1 other")
	write(t, filepath.Join(root, "p1/new.jpg"), "face 1 other")
	var again embedder
	report := run(t, config(root), &again, l)
	if n := again.calls.Load(); n != 1 || report.Replaced != 1 || report.Ingested+report.Copied != 2 {
		t.Errorf("embedded %d times: %+v", n, report)
	}
	if row := l.contents(root)["late/1.jpg"]; row.Image.Identity != "late" || len(row.Templates) != 1 {
		t.Errorf("a copy in a new folder: %+v", row)
	}
}

func TestRejectedTwinsAreLookedAt(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{"a/1.jpg": "code no_face x", "b/1.jpg": "code no_face x"}), newLedger()
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 2, Rejected: map[face.Code]int{face.NoFace: 2}})
	must(t, os.Rename(filepath.Join(root, "a"), filepath.Join(root, "c")))
	var again embedder
	expect(t, run(t, config(root), &again, l), counts{Files: 2, Moved: 1, Unchanged: 1})
	if again.calls.Load() != 0 {
		t.Error("a rejected photograph that was moved was embedded")
	}
}

func TestCopyOfAnotherDetectorIsEmbedded(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{"a/1.jpg": "face 1 x"}), newLedger()
	run(t, config(root), &embedder{}, l)
	write(t, filepath.Join(root, "a/2.jpg"), "face 1 x")
	cfg := config(root)
	cfg.Detector = "other"
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 2, Ingested: 1, Unchanged: 1, Faces: 1})
}

// TestMovedWithinAFolder keeps the identity, which a person may have renamed;
// what moves to or from the top has other faces chosen and is embedded.
func TestMovedWithinAFolder(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{"ann/1.jpg": "face 1 a", "ann/2.jpg": "face 2 b", "3.jpg": "face 2 c"}), newLedger()
	run(t, config(root), &embedder{}, l)
	key := face.DefaultGallery + "\x00" + filepath.Join(root, "ann/1.jpg")
	row := l.rows[key]
	row.Image.Identity = "Ann Smith"
	l.rows[key] = row
	for from, to := range map[string]string{"ann/1.jpg": "ann/deep.jpg", "ann/2.jpg": "2.jpg", "3.jpg": "ann/3.jpg"} {
		must(t, os.Rename(filepath.Join(root, from), filepath.Join(root, to)))
	}
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 3, Ingested: 2, Moved: 1, Vanished: 2, Faces: 3})
	if got := l.contents(root)["ann/deep.jpg"].Image.Identity; got != "Ann Smith" {
		t.Errorf("identity %q, want the one a person gave", got)
	}
}

func TestPlanOfMovesAndCopies(t *testing.T) {
	t.Parallel()
	root, l := many(t, 10), newLedger()
	run(t, config(root), &embedder{}, l)
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.Rename(at("p0/0.jpg"), at("p1/moved.jpg")))
	write(t, at("p2/copy.jpg"), "face 1 photo 3")
	write(t, at("q/new1.jpg"), "face 1 new")
	write(t, at("q/new2.jpg"), "face 1 new")
	cfg := config(root)
	cfg.Mode, cfg.Prune, cfg.Workers = ingest.Plan, true, 1
	var e embedder
	report := run(t, cfg, &e, l)
	expect(t, report, counts{Files: 13, Ingested: 1, Copied: 2, Moved: 1, Unchanged: 9})
	moved := ingest.Change{Path: at("p1/moved.jpg"), Kind: ingest.Rename, From: at("p0/0.jpg")}
	copied := ingest.Change{Path: at("p2/copy.jpg"), Kind: ingest.Copy, From: at("p3/3.jpg")}
	if !slices.Contains(report.Changes, moved) || !slices.Contains(report.Changes, copied) || len(report.Changes) != 4 {
		t.Errorf("changes %+v", report.Changes)
	}
	if e.calls.Load() != 0 || len(l.contents(root)) != 10 {
		t.Error("the plan embedded or stored something")
	}
	cfg.Mode = ingest.Enrol
	expect(t, run(t, cfg, &e, l), counts{Files: 13, Ingested: 1, Copied: 2, Moved: 1, Unchanged: 9, Faces: 3})
	equalsCleanRun(t, root, l)
}

// TestMovedWhileWalking renames photographs after they were listed: that run
// leaves them alone, the next one finds them.
func TestMovedWhileWalking(t *testing.T) {
	t.Parallel()
	root, l := many(t, 40), newLedger()
	run(t, config(root), &embedder{}, l)
	l.fault = func(method string, _ []face.Enrolment) error {
		if method == "Known" {
			return os.Rename(filepath.Join(root, "p0"), filepath.Join(root, "away"))
		}
		return nil
	}
	cfg := config(root)
	cfg.Prune = true
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 40, Unchanged: 40})
	l.fault = nil
	var again embedder
	expect(t, run(t, cfg, &again, l), counts{Files: 40, Moved: 8, Unchanged: 32})
	if again.calls.Load() != 0 {
		t.Error("moved photographs were embedded")
	}
	equalsCleanRun(t, root, l)
}

func TestAnswerOfAMoveIsLost(t *testing.T) {
	t.Parallel()
	root, l := many(t, 20), newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Rename(filepath.Join(root, "p0"), filepath.Join(root, "away")))
	times := 0
	l.lost = func(method string) error {
		if times++; method == "Move" && times%2 == 0 {
			return face.Errorf(face.Unavailable, "connection reset")
		}
		return nil
	}
	var again embedder
	report := run(t, config(root), &again, l)
	if report.Moved+report.Copied != 4 || report.Unchanged != 16 || again.calls.Load() != 0 {
		t.Errorf("report %+v, %d embedded", report, again.calls.Load())
	}
	equalsCleanRun(t, root, l)
}

// TestTwoRunsAtOnceWithMoves has two runs on one true ledger find the same
// moves and copies.
func TestTwoRunsAtOnceWithMoves(t *testing.T) {
	t.Parallel()
	db, root := pgtest.New(t), many(t, 60)
	run(t, config(root), &embedder{}, db)
	for from, to := range map[string]string{"p0": "q0", "p1": "q1"} {
		must(t, os.Rename(filepath.Join(root, from), filepath.Join(root, to)))
	}
	for i := range 10 {
		write(t, filepath.Join(root, "q2", fmt.Sprint(i)), fmt.Sprintf("face 1 photo %d", i))
	}
	cfg := config(root)
	cfg.Prune = true
	var both errgroup.Group
	for range 2 {
		both.Go(func() error {
			report, err := ingest.Run(t.Context(), cfg, &embedder{}, db)
			if err == nil && report.Files != 70 {
				err = fmt.Errorf("%d files", report.Files)
			}
			return err
		})
	}
	must(t, both.Wait())
	expect(t, run(t, cfg, &embedder{}, db), counts{Files: 70, Unchanged: 70})
	people, err := db.Identities(t.Context(), face.DefaultGallery)
	must(t, err)
	got := map[string]int{}
	for _, p := range people {
		if p.Faces != p.Images {
			t.Errorf("%s has %d faces in %d images", p.Name, p.Faces, p.Images)
		}
		got[p.Name] = p.Faces
	}
	if want := map[string]int{"p0": 0, "p1": 0, "p2": 12, "p3": 12, "p4": 12, "q0": 12, "q1": 12, "q2": 10}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("faces %v, want %v", got, want)
	}
}
