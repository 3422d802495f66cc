package ingest_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// entry is one of an archive.
type entry struct {
	name, text string
	kind       byte // of a tar entry; 0 for a regular file
}

var packed = []entry{
	{"ann/", "", tar.TypeDir}, {"ann/1.jpg", "face 2 a", 0}, {"./ann/deep/2.jpg", "face 1 b", 0}, {"3.jpg", "face 2 c", 0},
	{"ann/\xff.jpg", "face 1 d", 0}, {"bob/blank", "code no_face x", 0}, {".git/x", "face 1 e", 0}, {"ann/.x", "face 1 f", 0},
	{"../out.jpg", "face 1 g", 0}, {"/abs.jpg", "face 1 h", 0}, {"ann/1.jpg", "face 1 twice", 0}, {"big", strings.Repeat("x", 5000), 0},
	{"ann/skip.txt", "face 1 i", 0},
}

var packedWhen = time.Date(2021, 3, 4, 5, 6, 8, 0, time.UTC)

func tarOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644, ModTime: packedWhen, Size: int64(len(e.text)), Format: tar.FormatGNU}
		if e.kind == tar.TypeSymlink || e.kind == tar.TypeLink {
			h.Linkname, h.Size, e.text = e.text, 0, ""
		}
		must(t, w.WriteHeader(h))
		_, err := io.WriteString(w, e.text)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func zipOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		to, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: packedWhen})
		must(t, err)
		_, err = io.WriteString(to, e.text)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// archiveOf writes an archive and returns its configuration.
func archiveOf(t *testing.T, name string, data []byte) ingest.Config {
	t.Helper()
	root := folder(t, nil)
	write(t, filepath.Join(root, name), string(data))
	cfg := config(filepath.Join(root, name))
	cfg.MaxBytes, cfg.Exclude = 4000, []string{"**/*.txt"}
	return cfg
}

func TestArchives(t *testing.T) {
	t.Parallel()
	tape := tarOf(t, packed)
	for name, data := range map[string][]byte{"a.tar": tape, "a.tgz": gzipOf(t, tape), "a.zip": zipOf(t, packed)} {
		cfg, l := archiveOf(t, name, data), newLedger()
		report := run(t, cfg, &embedder{}, l)
		expect(t, report, counts{Files: 9, Ingested: 4, Hidden: 2, Excluded: 1, Faces: 5, Rejected: map[face.Code]int{
			face.NoFace: 1, face.Unreadable: 2, face.Exists: 1, face.TooLarge: 1,
		}})
		rows := l.contents(cfg.Root + "!")
		for name, want := range map[string]string{"ann/1.jpg": "ann", "ann/deep/2.jpg": "ann", "3.jpg": "", "ann/\xff.jpg": "ann", "bob/blank": "bob"} {
			if row, there := rows[name]; !there || row.Image.Identity != want || !row.Image.ModTime.Equal(packedWhen) {
				t.Errorf("%s: %s: %+v", cfg.Root, name, row)
			}
		}
		var again embedder
		report = run(t, cfg, &again, l)
		if again.calls.Load() != 0 || report.Unchanged != 5 || report.Vanished != 0 {
			t.Errorf("%s again: embedded %d, %+v", name, again.calls.Load(), report)
		}
	}
}

func TestArchiveReplaced(t *testing.T) {
	t.Parallel()
	cfg, l := archiveOf(t, "a.zip", zipOf(t, []entry{{"ann/1", "face 1 a", 0}, {"ann/2", "face 1 b", 0}, {"ann/3", "face 1 c", 0}})), newLedger()
	run(t, cfg, &embedder{}, l)
	write(t, cfg.Root, string(zipOf(t, []entry{{"ann/1", "face 1 a", 0}, {"ann/2", "face 1 new", 0}, {"eve/3", "face 1 c", 0}})))
	cfg.Prune = true
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 3, Replaced: 1, Copied: 1, Unchanged: 1, Faces: 2, Vanished: 1, Removed: 1})
}

// TestArchiveInAFolder ingests an archive, then the folder in which it lies and
// is unpacked: what came from the archive stays until that is gone.
func TestArchiveInAFolder(t *testing.T) {
	t.Parallel()
	cfg, l := archiveOf(t, "a.tar", tarOf(t, []entry{{"ann/1", "face 1 a", 0}})), newLedger()
	run(t, cfg, &embedder{}, l)
	root := filepath.Dir(cfg.Root)
	write(t, filepath.Join(root, "ann/1"), "face 1 a")
	around := config(root)
	around.Prune = true
	expect(t, run(t, around, &embedder{}, l), counts{Files: 2, Copied: 1, Faces: 1, Rejected: map[face.Code]int{face.Unsupported: 1}})
	must(t, os.Remove(cfg.Root))
	expect(t, run(t, around, &embedder{}, l), counts{Files: 1, Unchanged: 1, Vanished: 2, Removed: 2})
}

func TestArchiveLinksAndDevicesAreRefused(t *testing.T) {
	t.Parallel()
	cfg := archiveOf(t, "a.tar", tarOf(t, []entry{
		{"ann/1", "face 1 a", 0}, {"ann/link", "/etc/passwd", tar.TypeSymlink}, {"ann/hard", "ann/1", tar.TypeLink}, {"ann/fifo", "", tar.TypeFifo},
	}))
	report := run(t, cfg, &embedder{}, newLedger())
	if report.Ingested != 1 || report.Rejected[face.Unreadable] < 2 {
		t.Errorf("report %+v", report)
	}
}

func TestDamagedArchives(t *testing.T) {
	t.Parallel()
	var many []entry
	for i := range 50 {
		many = append(many, entry{fmt.Sprintf("ann/%d", i), fmt.Sprintf("face 1 photo %d %x", i, bytes.Repeat([]byte{byte(i)}, 300)), 0})
	}
	tape := tarOf(t, many)
	zipped := gzipOf(t, tape)
	for name, data := range map[string][]byte{
		"a.tar": tape[:len(tape)/2+100], "a.tgz": zipped[:len(zipped)/2], "b.tgz": zipped[:12], "a.zip": zipOf(t, many)[:3000],
	} {
		l := newLedger()
		report, err := ingest.Run(t.Context(), archiveOf(t, name, data), &embedder{}, l)
		if face.CodeOf(err) != face.Unreadable || !contains(err, "damaged") || len(l.rows) != report.Ingested {
			t.Errorf("%s: error %v, %d rows, report %+v", name, err, len(l.rows), report)
		}
	}
	for name, data := range map[string][]byte{"a.rar": []byte("Rar!\x1a\x07\x00"), "empty.zip": nil} {
		if _, err := ingest.Run(t.Context(), archiveOf(t, name, data), &embedder{}, newLedger()); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: error %v, want Invalid", name, err)
		}
	}
}

// TestZipEntryThatLies has a size in its directory that is not the content's,
// and one whose check sum is wrong; the others are read.
func TestZipEntryThatLies(t *testing.T) {
	t.Parallel()
	long := "face 1 a " + strings.Repeat("x", 9000)
	data := zipOf(t, []entry{{"ann/1", long, 0}, {"ann/2", "face 1 b", 0}, {"ann/3", "face 1 c", 0}})
	directory := bytes.Index(data, []byte("PK\x01\x02"))
	const sumAt, sizeAt = 16, 24
	binary.LittleEndian.PutUint32(data[directory+sizeAt:], 100)
	second := directory + 4 + bytes.Index(data[directory+4:], []byte("PK\x01\x02"))
	data[second+sumAt]++
	report := run(t, archiveOf(t, "a.zip", data), &embedder{}, newLedger())
	if report.Ingested != 1 || report.Files != 3 {
		t.Errorf("report %+v", report)
	}
}

func TestArchiveBombs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("unpacks a gibibyte")
	}
	var out bytes.Buffer
	squeezed, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	must(t, err)
	w := tar.NewWriter(squeezed)
	const size = 200 << 20
	for i := range 6 {
		must(t, w.WriteHeader(&tar.Header{Name: fmt.Sprint("ann/", i), Mode: 0o644, Size: size}))
		_, err := io.CopyN(w, zeros{}, size)
		must(t, err)
	}
	must(t, w.Close())
	must(t, squeezed.Close())
	_, err = ingest.Run(t.Context(), archiveOf(t, "bomb.tgz", out.Bytes()), &embedder{}, newLedger())
	if face.CodeOf(err) != face.Invalid || !contains(err, "unpacks to more than 100 times") {
		t.Errorf("error %v, want the bomb to be told", err)
	}
}

type zeros struct{}

func (zeros) Read(to []byte) (int, error) { clear(to); return len(to), nil }

// TestArchiveChangedMeanwhile replaces the archive while it is read: the run
// does not know what has vanished, and so prunes nothing.
func TestArchiveChangedMeanwhile(t *testing.T) {
	t.Parallel()
	var many []entry
	for i := range 2500 {
		many = append(many, entry{fmt.Sprint("ann/", i), fmt.Sprint("face 1 photo ", i), 0})
	}
	cfg, l := archiveOf(t, "a.tar", tarOf(t, many[:2400])), newLedger()
	run(t, cfg, &embedder{}, l)
	write(t, cfg.Root, string(tarOf(t, many[100:])))
	other := filepath.Join(t.TempDir(), "other.tar")
	write(t, other, "other")
	l.fault = func(method string, _ []face.Enrolment) error {
		if method != "Known" {
			return nil
		}
		l.fault = nil
		return os.Rename(other, cfg.Root)
	}
	cfg.Prune = true
	report, err := ingest.Run(t.Context(), cfg, &embedder{}, l)
	if face.CodeOf(err) != face.Unreadable || !contains(err, "changed while it was read") || report.Removed != 0 || len(l.rows) < 2400 {
		t.Errorf("error %v, %d rows, report %+v", err, len(l.rows), report)
	}
}

func TestArchiveOnATrueLedger(t *testing.T) {
	t.Parallel()
	db, cfg := pgtest.New(t), archiveOf(t, "a.zip", zipOf(t, packed))
	cfg.Prune = true
	if r := run(t, cfg, &embedder{}, db); r.Ingested != 4 {
		t.Errorf("report %+v", r)
	}
	if r := run(t, cfg, &embedder{}, db); r.Unchanged != 5 || r.Vanished != 0 {
		t.Errorf("again: %+v", r)
	}
}
