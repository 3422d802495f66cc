package ingest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

var space = face.Space{Recognizer: "Fake", Weights: strings.Repeat("ab", 32), Profile: face.Native, Dim: 4}

// embedder is a stand-in that reads a photograph's fate from its text:
// "face N ..." shows N faces; "code C ..." fails with the code C; all else is
// not an image. Vectors come from the bytes.
type embedder struct {
	calls  atomic.Int64
	before func(call int64, data []byte) // called first, if set
}

func (e *embedder) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	call := e.calls.Add(1)
	if e.before != nil {
		e.before(call, data)
	}
	if ctx.Err() != nil {
		return face.Photo{}, face.Wrap(face.Cancelled, ctx.Err(), "stopped")
	}
	words := strings.Fields(string(data[:min(len(data), 100)]))
	if len(words) < 2 {
		return face.Photo{}, face.Errorf(face.Unsupported, "not an image")
	}
	photo := face.Photo{Width: 640, Height: 480}
	switch words[0] {
	case "code":
		return photo, face.Errorf(face.Code(words[1]), "as the photograph says: %s", words[1])
	case "face":
		n, _ := strconv.Atoi(words[1])
		if which == face.Prominent {
			n = min(n, 1)
		}
		for i := range n {
			at := face.Detection{Box: face.Box{X1: float32(10 * i), X2: float32(10*i + 9), Y2: 9}}
			photo.Templates = append(photo.Templates, face.Template{Space: space, Vector: vector(data, i), Detection: at})
		}
		return photo, nil
	default:
		return face.Photo{}, face.Errorf(face.Unsupported, "not an image")
	}
}

// EmbedIn gives the same vectors in every space.
func (e *embedder) EmbedIn(ctx context.Context, data []byte, which face.Choice, spaces []face.Space) ([]face.Photo, error) {
	return inEach(spaces, func() (face.Photo, error) { return e.Embed(ctx, data, which) })
}

// inEach calls embed once and puts its photograph in each of the spaces.
func inEach(spaces []face.Space, embed func() (face.Photo, error)) ([]face.Photo, error) {
	photo, err := embed()
	if err != nil {
		return nil, err
	}
	var photos []face.Photo
	for _, in := range spaces {
		one := photo
		one.Templates = slices.Clone(photo.Templates)
		for i := range one.Templates {
			if one.Templates[i].Space == space {
				one.Templates[i].Space = in
			}
		}
		photos = append(photos, one)
	}
	return photos, nil
}

func vector(data []byte, i int) []float32 {
	sum := sha256.Sum256(append(bytes.Clone(data), byte(i)))
	return []float32{float32(sum[0]), float32(sum[1]), float32(sum[2]), float32(sum[3])}
}

// ledger is one in memory. It keeps the rules of the port: batches take effect
// as a whole, and an outcome that stands already stays.
type ledger struct {
	mu   sync.Mutex
	rows map[string]face.Enrolment // by gallery, NUL, path
	// fault is asked before each call takes effect, and lost after; an error
	// is the call's.
	fault func(method string, batch []face.Enrolment) error
	lost  func(method string) error
}

func newLedger() *ledger { return &ledger{rows: map[string]face.Enrolment{}} }

func (l *ledger) call(method string, batch []face.Enrolment, effect func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		if err := l.fault(method, batch); err != nil {
			return err
		}
	}
	effect()
	if l.lost != nil {
		return l.lost(method)
	}
	return nil
}

func (l *ledger) Known(_ context.Context, gallery string, in face.Space, paths []string) (map[string]face.LedgerEntry, error) {
	entries := map[string]face.LedgerEntry{}
	err := l.call("Known", nil, func() {
		for _, path := range paths {
			if row, known := l.rows[gallery+"\x00"+path]; known && row.Space == in {
				entries[path] = face.LedgerEntry{Image: row.Image, Detector: row.Detector, Rejected: row.Rejected}
			}
		}
	})
	return entries, err
}

func (l *ledger) Below(_ context.Context, gallery string, in face.Space, root string, take func(string)) error {
	var paths []string
	err := l.call("Below", nil, func() {
		for key, row := range l.rows {
			path, ours := strings.CutPrefix(key, gallery+"\x00")
			if ours && row.Space == in && strings.HasPrefix(path, root+"/") {
				paths = append(paths, path)
			}
		}
	})
	for _, path := range paths {
		take(path) // also of an answer that breaks off
	}
	return err
}

// reads says whether a method of the ledger changes nothing.
func reads(method string) bool { return slices.Contains([]string{"Known", "Below", "Twins"}, method) }

func (l *ledger) Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return l.call("Enrol", batch, func() {
		for _, e := range batch {
			key := gallery + "\x00" + e.Image.Path
			old, known := l.rows[key]
			if known && old.Image.SHA256 == e.Image.SHA256 && old.Rejected == "" {
				continue
			}
			l.rows[key] = e
		}
	})
}

func (l *ledger) Twins(_ context.Context, gallery string, in face.Space, content [sha256.Size]byte) ([]face.Enrolment, error) {
	var twins []face.Enrolment
	err := l.call("Twins", nil, func() {
		for key, row := range l.rows {
			if strings.HasPrefix(key, gallery+"\x00") && row.Space == in && row.Image.SHA256 == content {
				twins = append(twins, row)
			}
		}
	})
	slices.SortFunc(twins, func(a, b face.Enrolment) int { return strings.Compare(a.Image.Path, b.Image.Path) })
	return twins, err
}

func (l *ledger) Move(ctx context.Context, gallery string, moves []face.Move) ([]bool, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	done := make([]bool, len(moves))
	err := l.call("Move", nil, func() {
		for i, m := range moves {
			from, to := gallery+"\x00"+m.From, gallery+"\x00"+m.To.Path
			row, there := l.rows[from]
			if _, occupied := l.rows[to]; occupied || !there || row.Image.SHA256 != m.To.SHA256 {
				continue
			}
			identity := row.Image.Identity
			if !m.Keep {
				identity = m.To.Identity
			}
			row.Image, row.Image.Identity = m.To, identity
			delete(l.rows, from)
			l.rows[to], done[i] = row, true
		}
	})
	return done, err
}

func (l *ledger) Touch(_ context.Context, gallery string, images []face.Image) error {
	return l.call("Touch", nil, func() {
		for _, image := range images {
			row := l.rows[gallery+"\x00"+image.Path]
			row.Image.Size, row.Image.ModTime = image.Size, image.ModTime
			l.rows[gallery+"\x00"+image.Path] = row
		}
	})
}

func (l *ledger) Forget(_ context.Context, gallery string, paths []string) (int, error) {
	gone := 0
	err := l.call("Forget", nil, func() {
		for _, path := range paths {
			if _, known := l.rows[gallery+"\x00"+path]; known {
				gone++
			}
			delete(l.rows, gallery+"\x00"+path)
		}
	})
	return gone, err
}

// contents is all that the ledger holds but for times, by path below root.
func (l *ledger) contents(root string) map[string]face.Enrolment {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := map[string]face.Enrolment{}
	for key, row := range l.rows {
		_, path, _ := strings.Cut(key, "\x00")
		name, _ := filepath.Rel(root, path)
		row.Image.Path = name
		rows[name] = row
	}
	return rows
}

// folder makes a folder of files, by name below it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	for name, text := range files {
		write(t, filepath.Join(root, name), text)
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func config(root string) ingest.Config {
	return ingest.Config{Root: root, Space: space, Detector: "fake", Workers: 3, BatchSize: 4}
}

// run ingests, and fails the test on an error or an unbalanced report.
func run(t *testing.T, cfg ingest.Config, e ingest.Embedder, l ingest.Ledger) ingest.Report {
	t.Helper()
	report, err := ingest.Run(t.Context(), cfg, e, l)
	must(t, err)
	balanced(t, report)
	return report
}

func balanced(t *testing.T, r ingest.Report) {
	t.Helper()
	sum := r.Ingested + r.Copied + r.Moved + r.Unchanged + r.Replaced
	for n := range maps.Values(r.Rejected) {
		sum += n
	}
	if r.Files != sum {
		t.Errorf("files = %d, its parts sum to %d: %+v", r.Files, sum, r)
	}
}

// counts are a report's figures without its times and lists.
type counts struct {
	Files, Ingested, Copied, Moved, Unchanged, Replaced, Removed, Vanished, Hidden, Excluded, Faces int
	Rejected                                                                                        map[face.Code]int
}

func expect(t *testing.T, r ingest.Report, want counts) {
	t.Helper()
	if want.Rejected == nil {
		want.Rejected = map[face.Code]int{}
	}
	got := counts{r.Files, r.Ingested, r.Copied, r.Moved, r.Unchanged, r.Replaced, r.Removed, r.Vanished, r.Hidden, r.Excluded, r.Faces, r.Rejected}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("report:\n got %+v\nwant %+v\nrejections %+v", got, want, r.Rejections[:min(len(r.Rejections), 10)])
	}
}

// reasons gives the reason and message of each rejection by path below root.
func reasons(root string, list []ingest.Rejection) map[string]ingest.Rejection {
	by := map[string]ingest.Rejection{}
	for _, r := range list {
		by[strings.TrimPrefix(r.Path, root+"/")] = r
	}
	return by
}
