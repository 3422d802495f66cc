package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// meddled is a tree in which something happens whenever a file has been read
// to its middle.
type meddled struct {
	*tree
	happen func()
}

type meddledFile struct {
	handle
	happen func()
}

func (m meddled) open(name string) (handle, error) {
	f, err := m.tree.open(name)
	return &meddledFile{handle: f, happen: m.happen}, err
}

func (f *meddledFile) Read(into []byte) (int, error) {
	n, err := f.handle.Read(into[:(len(into)+1)/2])
	if f.happen != nil {
		f.happen()
		f.happen = nil
	}
	return n, err
}

// TestReadStable has a file written to, replaced or deleted while it is read
// (reliability tests 15 and 16).
func TestReadStable(t *testing.T) {
	t.Parallel()
	old, fresh := strings.Repeat("a", 1000), strings.Repeat("b", 1000)
	overwrite := func(path string) error { return os.WriteFile(path, []byte(fresh), 0o644) }
	for name, c := range map[string]struct {
		times  int // how often it happens
		meddle func(path string) error
		want   string
		code   face.Code
	}{
		"quiet":           {0, nil, old, ""},
		"overwritten":     {1, overwrite, fresh, ""},
		"grown":           {1, func(path string) error { return os.WriteFile(path, []byte(old+fresh), 0o644) }, old + fresh, ""},
		"cut":             {1, func(path string) error { return os.Truncate(path, 10) }, old[:10], ""},
		"emptied":         {2, func(path string) error { return os.Truncate(path, 0) }, "", ""},
		"renamed over":    {1, replaceBy(fresh), fresh, ""},
		"grown past":      {1, func(path string) error { return os.Truncate(path, 1<<30) }, "", face.TooLarge},
		"deleted":         {1, os.Remove, "", face.Vanished},
		"always replaced": {readAttempts, replaceBy(fresh), "", face.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "1.jpg")
			if err := os.WriteFile(path, []byte(old), 0o644); err != nil {
				t.Fatal(err)
			}
			from, err := openTree(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			defer from.close()
			left := c.times
			got, err := readStable(t.Context(), meddled{from, func() {
				if left--; left < 0 {
					return
				}
				if err := c.meddle(path); err != nil {
					t.Error(err)
				}
			}}, "1.jpg", 1<<20)
			if face.CodeOf(err) != c.code || string(got.data) != c.want {
				t.Errorf("read %.20q (%d bytes), %v; want %.20q, %q", got.data, len(got.data), err, c.want, c.code)
			}
		})
	}
}

// replaceBy puts another file in a file's place, as a careful program does.
func replaceBy(text string) func(string) error {
	return func(path string) error {
		if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
}

func TestReadStableEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "1.jpg")
	if err := replaceBy("a")(path); err != nil {
		t.Fatal(err)
	}
	from, err := openTree(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer from.close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = readStable(ctx, meddled{from, func() {
		cancel()
		if err := replaceBy("b")(path); err != nil {
			t.Error(err)
		}
	}}, "1.jpg", 10)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

// TestOpenDoesNotWait opens a FIFO that nobody writes to, as happens where one
// takes a file's place after it was listed (reliability test 13).
func TestOpenDoesNotWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "1.jpg"), 0o644); err != nil {
		t.Fatal(err)
	}
	from, err := openTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.close()
	if _, err := readStable(t.Context(), from, "1.jpg", 10); face.CodeOf(err) != face.Unreadable {
		t.Errorf("error %v, want Unreadable", err)
	}
}
