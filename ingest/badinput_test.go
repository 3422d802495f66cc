package ingest_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// TestBadFilesAmongGoodOnes has every kind of file that gives no template. The
// good ones are enrolled, and what was learnt is not asked again.
func TestBadFilesAmongGoodOnes(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{
		"ann/good.jpg": "face 1 a", "ann/good2.jpg": "face 2 b",
		"ann/empty.jpg": "", "ann/notes.txt": "x", "ann/cut.jpg": "code decode_failed x",
		"ann/pixels.png": "code too_large x", "ann/wall.jpg": "code no_face x",
	})
	write(t, filepath.Join(root, "ann/huge.jpg"), "")
	must(t, os.Truncate(filepath.Join(root, "ann/huge.jpg"), 1<<40)) // sparse
	l := newLedger()
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 8, Ingested: 2, Faces: 2, Rejected: map[face.Code]int{
		face.Empty: 1, face.Unsupported: 1, face.Undecodable: 1, face.TooLarge: 2, face.NoFace: 1,
	}})
	said := reasons(root, report.Rejections)
	if huge := said["ann/huge.jpg"]; huge.Reason != face.TooLarge || !strings.Contains(huge.Message, "67108864") {
		t.Errorf("huge: %+v, want the limit to be named", huge)
	}
	if cut := said["ann/cut.jpg"]; cut.Message != "as the photograph says: decode_failed" {
		t.Errorf("cut: %+v, want the embedder's message", cut)
	}
	if _, recorded := l.contents(root)["ann/huge.jpg"]; recorded {
		t.Error("a file that was not read has an outcome in the ledger")
	}
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 8, Unchanged: 7, Rejected: map[face.Code]int{face.TooLarge: 1}})
}

// TestThousandCorruptFilesAmongGoodOnes has each of them rejected and no good one
// lost (reliability test 6); cmd/visage has truly damaged photographs.
func TestThousandCorruptFilesAmongGoodOnes(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 1000 {
		files[fmt.Sprintf("p%d/bad%d.jpg", i%7, i)] = fmt.Sprintf("code decode_failed %d", i)
	}
	for i := range 50 {
		files[fmt.Sprintf("p%d/good%d.jpg", i%7, i)] = fmt.Sprintf("face 1 %d", i)
	}
	root := folder(t, files)
	report := run(t, config(root), &embedder{}, newLedger())
	expect(t, report, counts{Files: 1050, Ingested: 50, Faces: 50, Rejected: map[face.Code]int{face.Undecodable: 1000}})
	if !slices.IsSortedFunc(report.Rejections, func(a, b rejection) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("rejections are not sorted by path")
	}
}

// TestVanishedWhileRunning deletes all other photographs as soon as the first
// is embedded: the folder has been listed by then (reliability test 16).
func TestVanishedWhileRunning(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 9 {
		files[fmt.Sprintf("ann/%d.jpg", i)] = fmt.Sprintf("face 1 %d", i)
	}
	root, l := folder(t, files), newLedger()
	e := &embedder{before: func(call int64, data []byte) {
		for name, text := range files {
			if call == 1 && text != string(data) {
				must(t, os.Remove(filepath.Join(root, name)))
			}
		}
	}}
	cfg := config(root)
	cfg.Workers = 1
	report := run(t, cfg, e, l)
	expect(t, report, counts{Files: 9, Ingested: 1, Faces: 1, Rejected: map[face.Code]int{face.Vanished: 8}})
	if n := len(l.contents(root)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// TestSymbolicLinks has links of all kinds: to what is read already, in loops, and
// out of the folder (reliability test 12).
func TestSymbolicLinks(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret.jpg": "face 1 secret"})
	root := folder(t, map[string]string{"ann/1.jpg": "face 1 a", ".store/7/x.jpg": "face 1 stored"})
	for link, target := range map[string]string{
		"ann/again":        "..",       // a loop through the root
		"ann/self":         "self",     // a loop of its own
		"bob":              ".store/7", // a folder that is reached no other way
		"aaa":              "ann",      // a folder that is, though this sorts first
		"eve/alias.jpg":    "../ann/1.jpg",
		"eve/absolute.jpg": filepath.Join(root, "ann/1.jpg"),
		"eve/out":          outside,
		"eve/out.jpg":      filepath.Join(outside, "secret.jpg"),
		"eve/up.jpg":       "../../" + filepath.Base(outside) + "/secret.jpg",
		"eve/zero":         "/dev/zero",
		"eve/broken":       "nothing",
	} {
		path := filepath.Join(root, link)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.Symlink(target, path))
	}
	l := newLedger()
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 10, Ingested: 2, Copied: 2, Hidden: 1, Faces: 4, Rejected: map[face.Code]int{face.Unreadable: 6}})
	rows := l.contents(root)
	for name, identity := range map[string]string{"ann/1.jpg": "ann", "bob/x.jpg": "bob", "eve/alias.jpg": "eve", "eve/absolute.jpg": "eve"} {
		if rows[name].Image.Identity != identity {
			t.Errorf("%s: %+v, want it enrolled for %s", name, rows[name], identity)
		}
	}
	said := reasons(root, report.Rejections)
	for _, name := range []string{"eve/out", "eve/out.jpg", "eve/zero"} {
		if !strings.Contains(said[name].Message, "out of the folder") {
			t.Errorf("%s: %+v, want it refused for leading out", name, said[name])
		}
	}
	folders := reasons(root, report.Folders)
	if len(folders) != 2 || folders["aaa"].Reason != face.Exists || folders["ann/again"].Reason != face.Exists {
		t.Errorf("skipped folders %+v, want the two links to folders read already", report.Folders)
	}
}

// TestPruneKeepsWhatIsOutOfSight breaks the link to a folder: what the ledger
// knows below it has not vanished for certain.
func TestPruneKeepsWhatIsOutOfSight(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"ann/1.jpg": "face 1 a", ".mount/x.jpg": "face 1 stored"})
	must(t, os.Symlink(".mount", filepath.Join(root, "bob")))
	l := newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Rename(filepath.Join(root, ".mount"), filepath.Join(root, ".unmounted")))
	cfg := config(root)
	cfg.Prune = true
	report := run(t, cfg, &embedder{}, l)
	expect(t, report, counts{Files: 2, Unchanged: 1, Hidden: 1, Rejected: map[face.Code]int{face.Unreadable: 1}})
	if _, kept := l.contents(root)["bob/x.jpg"]; !kept {
		t.Error("a photograph behind a broken link was pruned")
	}
}

// TestSpecialFilesAreNotOpened has a FIFO, a socket and, where the system lets it
// be made, an endless device (reliability test 13).
func TestSpecialFilesAreNotOpened(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"ann/1.jpg": "face 1 a", ".hidden.jpg": "face 1 h", ".git/1.jpg": "face 1 g"})
	want := map[string]string{"ann/fifo": "a FIFO", "ann/socket": "a socket"}
	must(t, syscall.Mkfifo(filepath.Join(root, "ann/fifo"), 0o644))
	socket(t, filepath.Join(root, "ann/socket"))
	if err := syscall.Mknod(filepath.Join(root, "ann/zero"), syscall.S_IFCHR|0o666, 1<<8|5); err == nil {
		want["ann/zero"] = "a device"
	} else if !errors.Is(err, syscall.EPERM) {
		t.Fatal(err)
	}
	report := run(t, config(root), &embedder{}, newLedger())
	expect(t, report, counts{Files: 1 + len(want), Ingested: 1, Hidden: 2, Faces: 1,
		Rejected: map[face.Code]int{face.Unreadable: len(want)}})
	said := reasons(root, report.Rejections)
	for name, kind := range want {
		if !strings.HasSuffix(said[name].Message, kind) {
			t.Errorf("%s: %+v, want %q", name, said[name], kind)
		}
	}
}

// TestEnrolledPhotographBecomesAFIFO must not count as vanished, nor be pruned.
func TestEnrolledPhotographBecomesAFIFO(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{"ann/1.jpg": "face 1 a"}), newLedger()
	run(t, config(root), &embedder{}, l)
	path := filepath.Join(root, "ann/1.jpg")
	must(t, os.Remove(path))
	must(t, syscall.Mkfifo(path, 0o644))
	cfg := config(root)
	cfg.Prune = true
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 1, Rejected: map[face.Code]int{face.Unreadable: 1}})
	if len(l.contents(root)) != 1 {
		t.Error("the photograph was pruned")
	}
}

// socket leaves a socket at path, which may be longer than a socket's address.
func socket(t *testing.T, path string) {
	t.Helper()
	short, err := os.MkdirTemp("", "s")
	must(t, err)
	defer os.RemoveAll(short)
	listener, err := net.Listen("unix", filepath.Join(short, "s"))
	must(t, err)
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	must(t, listener.Close())
	must(t, os.Rename(filepath.Join(short, "s"), path))
}
