package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// manyOf is a folder of n photographs and an odd name.
func manyOf(t *testing.T, n int) string {
	t.Helper()
	files := map[string]string{"ann/\xff\xfe.jpg": "face 1 odd"}
	for i := range n - 1 {
		files[fmt.Sprintf("p%d/%03d.jpg", i%7, i)] = fmt.Sprintf("face 2 %d", i)
	}
	return folder(t, files)
}

func cut(t *testing.T, cfg ingest.Config, l ingest.Ledger) (pieces []ingest.Piece, c ingest.Cutting) {
	t.Helper()
	c, err := ingest.Cut(t.Context(), cfg, l, func(p ingest.Piece) error {
		pieces = append(pieces, p)
		return nil
	})
	must(t, err)
	left := 0
	for _, p := range pieces {
		left += len(p.Files)
	}
	rejected := 0
	for _, n := range c.Rejected {
		rejected += n
	}
	if left != c.Left || c.Files != c.Left+c.Unchanged+rejected {
		t.Errorf("%d files in pieces of %+v", left, c)
	}
	return pieces, c
}

// runPieces runs each, as several machines would.
func runPieces(t *testing.T, cfg ingest.Config, l ingest.Ledger, pieces []ingest.Piece) (all counts) {
	t.Helper()
	all.Rejected = map[face.Code]int{}
	for _, p := range pieces {
		cfg.Piece = &p
		r := run(t, cfg, &embedder{}, l)
		all.Files, all.Ingested, all.Moved, all.Copied = all.Files+r.Files, all.Ingested+r.Ingested, all.Moved+r.Moved, all.Copied+r.Copied
		all.Vanished += r.Vanished
		for reason, n := range r.Rejected {
			all.Rejected[reason] += n
		}
	}
	return all
}

// Pieces end with the rows of one run, of which the second cut finds nothing.
func TestPiecesEndLikeOneRun(t *testing.T) {
	t.Parallel()
	root, l := manyOf(t, 300), newLedger()
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600))
	must(t, os.Symlink("p1", filepath.Join(root, "zlink")))
	pieces, c := cut(t, config(root), l)
	if len(pieces) != 5 || c.Left != 300 || c.Rejected[face.Unreadable] != 1 || len(c.Rejections) != 1 || len(l.rows) != 0 {
		t.Errorf("%d pieces, %+v, %d rows", len(pieces), c, len(l.rows))
	}
	got := runPieces(t, config(root), l, append(pieces[2:], pieces[0], pieces[1], pieces[1]))
	if got.Ingested != 300 || got.Files != 300+64 {
		t.Errorf("the pieces: %+v", got)
	}
	equalsCleanRun(t, root, l)
	if pieces, c = cut(t, config(root), l); len(pieces) != 0 || c.Unchanged != 300 {
		t.Errorf("a second cut: %d pieces, %+v", len(pieces), c)
	}
}

// While nothing changes, pieces stay the same, so that none is queued twice; what
// changes makes another piece of the one it is in, and of no other.
func TestPiecesStayTheSame(t *testing.T) {
	t.Parallel()
	root, l := manyOf(t, 200), newLedger()
	first, _ := cut(t, config(root), l)
	runPieces(t, config(root), l, first[1:2])
	again, c := cut(t, config(root), l)
	if c.Unchanged != 64 || !reflect.DeepEqual(again, []ingest.Piece{first[0], first[2], first[3]}) {
		t.Errorf("after one piece of %d: %d pieces, %+v", len(first), len(again), c)
	}
	must(t, os.Chtimes(filepath.Join(root, first[2].Files[5].Path), time.Time{}, time.Unix(1e9, 0)))
	changed, _ := cut(t, config(root), l)
	if reflect.DeepEqual(changed[1], first[2]) || !reflect.DeepEqual(changed[1].Files, first[2].Files) || changed[1].Seen == first[2].Seen {
		t.Error("a file that has changed leaves its piece the same")
	}
	if !reflect.DeepEqual(changed[0], first[0]) || !reflect.DeepEqual(changed[2], first[3]) {
		t.Error("a file that has changed changes other pieces")
	}
}

// A photograph that was moved is moved by the piece that has it, and one whose
// content another path has is copied.
func TestPiecesOfMovesAndCopies(t *testing.T) {
	t.Parallel()
	root, l := manyOf(t, 100), newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Rename(filepath.Join(root, "p0"), filepath.Join(root, "renamed")))
	write(t, filepath.Join(root, "p1/copy.jpg"), "face 2 1")
	pieces, c := cut(t, config(root), l)
	if c.Left != 16 { // 15 in p0
		t.Errorf("cut %+v", c)
	}
	if got := runPieces(t, config(root), l, pieces); got.Moved != 15 || got.Copied != 1 || got.Ingested != 0 || got.Vanished != 0 {
		t.Errorf("the pieces: %+v", got)
	}
	equalsCleanRun(t, root, l)
}

// A manifest's identities and metadata come with the pieces, and win over folders
// also where a photograph was moved.
func TestPiecesOfAManifest(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{"a/1.jpg": "face 1 one", "a/2.jpg": "face 1 two", "b/\xff.jpg": "face 1 three"}), newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Rename(filepath.Join(root, "a/1.jpg"), filepath.Join(root, "a/3.jpg")))
	cfg := withManifest(t, root, "path,identity,metadata\na/3.jpg,Ann,\"{\"\"n\"\": 1}\"\nb/\xff.jpg,Bob,\n")
	pieces, c := cut(t, cfg, l)
	if len(pieces) != 1 || !pieces[0].Named || c.Left != 1 || c.Unchanged != 1 {
		t.Fatalf("%+v, %+v", pieces, c)
	}
	cfg = config(root)
	runPieces(t, cfg, l, pieces)
	if row := l.contents(root)["a/3.jpg"]; row.Image.Identity != "Ann" || row.Image.Metadata != `{"n": 1}` {
		t.Errorf("a/3.jpg: %+v", row.Image)
	}
}

// An archive is one piece, as long as there is anything to do in it.
func TestPieceOfAnArchive(t *testing.T) {
	t.Parallel()
	path, l := filepath.Join(folder(t, nil), "people.tar"), newLedger()
	must(t, os.WriteFile(path, tarOf(t, packed), 0o600))
	cfg := config(path)
	cfg.MaxBytes, cfg.Exclude = 4000, []string{"**/skip.txt"}
	var pieces []ingest.Piece
	take := func(p ingest.Piece) error {
		pieces = append(pieces, p)
		return nil
	}
	c, err := ingest.Cut(t.Context(), cfg, l, take)
	if err != nil || len(pieces) != 1 || len(pieces[0].Files) != 0 || pieces[0].Seen == "" || c.Left == 0 {
		t.Fatalf("%+v, %+v (%v)", pieces, c, err)
	}
	want := newLedger()
	run(t, cfg, &embedder{}, want)
	runPieces(t, cfg, l, pieces)
	if !reflect.DeepEqual(l.contents(path), want.contents(path)) {
		t.Errorf("the piece leaves %v, a run %v", l.contents(path), want.contents(path))
	}
	if c, err = ingest.Cut(t.Context(), cfg, l, take); err != nil || len(pieces) != 1 || c.Left != 0 {
		t.Errorf("a second cut: %d pieces, %+v (%v)", len(pieces), c, err)
	}
	cfg.Root, cfg.Piece = folder(t, people()), &pieces[0]
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, l); face.CodeOf(err) != face.Invalid {
		t.Errorf("an archive's piece of a folder: %v", err)
	}
}

// What has gone since is rejected; where all has, the folder is rather not there.
func TestPieceOfWhatVanished(t *testing.T) {
	t.Parallel()
	root, l := manyOf(t, 10), newLedger()
	pieces, _ := cut(t, config(root), l)
	cfg := config(root)
	cfg.Piece = &pieces[0]
	must(t, os.RemoveAll(filepath.Join(root, "p3")))
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 10, Ingested: 9, Faces: 9, Rejected: map[face.Code]int{face.Vanished: 1}})
	cfg.Root = t.TempDir()
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, l); face.CodeOf(err) != face.Vanished || !contains(err, "mounted") {
		t.Errorf("in an empty folder: %v", err)
	}
	cfg.Root = filepath.Join(root, "nowhere")
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, l); face.CodeOf(err) != face.NotFound {
		t.Errorf("in no folder: %v", err)
	}
}

// A piece never leaves its folder, whatever a job says.
func TestPieceStaysInside(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"in/a.jpg": "face 1 a", "out.jpg": "face 1 b"})
	cfg := config(filepath.Join(root, "in"))
	for _, name := range []string{"../out.jpg", "/etc/passwd", "", ".", "a\x00b"} {
		cfg.Piece = &ingest.Piece{Files: []ingest.Listed{{Path: "a.jpg", Name: name}}}
		if _, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger()); face.CodeOf(err) != face.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	must(t, os.Symlink("../out.jpg", filepath.Join(root, "in/link.jpg")))
	cfg.Piece = &ingest.Piece{Files: []ingest.Listed{{Path: "link.jpg", Name: "link.jpg"}, {Path: "a.jpg", Name: "a.jpg"}}}
	expect(t, run(t, cfg, &embedder{}, newLedger()), counts{Files: 2, Ingested: 1, Faces: 1, Rejected: map[face.Code]int{face.Unreadable: 1}})
	cfg.Prune = true
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger()); face.CodeOf(err) != face.Invalid || !contains(err, "Piece") {
		t.Errorf("with Prune: %v", err)
	}
}

// Cut ends with the first error, be it the ledger's, the taker's or the context's.
func TestCutEnds(t *testing.T) {
	t.Parallel()
	root, l, full := manyOf(t, 3000), newLedger(), errors.New("full")
	taken := 0
	c, err := ingest.Cut(t.Context(), config(root), l, func(ingest.Piece) error {
		taken++
		return full
	})
	if !errors.Is(err, full) || taken != 1 || c.Files >= 3000 {
		t.Errorf("%v after %d pieces and %d files", err, taken, c.Files)
	}
	l.fault = func(string, []face.Enrolment) error { return face.Errorf(face.Unavailable, "away") }
	if _, err = ingest.Cut(t.Context(), config(root), l, nil); face.CodeOf(err) != face.Unavailable {
		t.Errorf("without a ledger: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = ingest.Cut(ctx, config(root), newLedger(), func(ingest.Piece) error {
		cancel()
		return ctx.Err()
	})
	if face.CodeOf(err) != face.Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err = ingest.Cut(t.Context(), config(root+"/nowhere"), newLedger(), nil); face.CodeOf(err) != face.NotFound || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("without a folder: %v", err)
	}
}

// Progress has the report of what is committed so far.
func TestProgressTellsWhatIsSettled(t *testing.T) {
	t.Parallel()
	root, l := manyOf(t, 60), newLedger()
	cfg, last := config(root), 0
	cfg.Progress = func(p ingest.Progress) {
		l.mu.Lock()
		stored := len(l.rows)
		l.mu.Unlock()
		if p.Settled.Ingested < last || p.Settled.Ingested != stored || p.Settled.Files > p.Done {
			t.Errorf("settled %d after %d, of %d rows and %d done", p.Settled.Ingested, last, stored, p.Done)
		}
		last = p.Settled.Ingested
	}
	run(t, cfg, &embedder{}, l)
	if last < 50 {
		t.Errorf("the last progress tells of %d", last)
	}
}
