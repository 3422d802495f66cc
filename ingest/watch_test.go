package ingest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// watched runs Watch on a folder; the channel gets a value for every look.
func watched(t *testing.T, dir string) (looks <-chan struct{}, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	looked, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		ended <- ingest.Watch(ctx, dir, func() error { looked <- struct{}{}; return nil })
	}()
	return looked, func() error { cancel(); return <-ended }
}

func expectLook(t *testing.T, looks <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-looks:
	case <-time.After(5 * time.Minute):
		t.Fatalf("no look %s", why)
	}
}

func change(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Files that come, change, are renamed and go, in folders old and new, are looked
// for; many changes at once are looked for once, hidden names and rights not at
// all.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	change(t, os.Mkdir(filepath.Join(dir, "old"), 0o755))
	looks, stop := watched(t, dir)
	expectLook(t, looks, "at first")
	file := filepath.Join(dir, "old", "a.jpg")
	deep := filepath.Join(dir, "new", "deep")
	for _, step := range []struct {
		why string
		do  func() error
	}{
		{"for a new file", func() error { return os.WriteFile(file, []byte("1"), 0o600) }},
		{"for a change", func() error { return os.WriteFile(file, []byte("22"), 0o600) }},
		{"for a new folder", func() error { return os.MkdirAll(deep, 0o755) }},
		{"for a file in it", func() error { return os.WriteFile(filepath.Join(deep, "b.jpg"), []byte("1"), 0o600) }},
		{"for a rename", func() error { return os.Rename(file, filepath.Join(dir, "c.jpg")) }},
		{"for a removal", func() error { return os.Remove(filepath.Join(deep, "b.jpg")) }},
	} {
		change(t, step.do())
		expectLook(t, looks, step.why)
	}
	for i := range 50 {
		change(t, os.WriteFile(filepath.Join(dir, "old", string(rune('a'+i%26))+".jpg"), []byte{byte(i)}, 0o600))
	}
	expectLook(t, looks, "for many files")
	for rested := false; !rested; {
		select {
		case <-looks:
		case <-time.After(3 * time.Second):
			rested = true
		}
	}
	change(t, os.WriteFile(filepath.Join(dir, ".hidden"), nil, 0o600))
	change(t, os.Chmod(filepath.Join(dir, "c.jpg"), 0o640))
	select {
	case <-looks:
		t.Error("a look for nothing that a run would see")
	case <-time.After(3 * time.Second):
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// What changes while a look is at work leads to another.
func TestWatchMissesNothing(t *testing.T) {
	t.Parallel()
	dir, looks := t.TempDir(), 0
	enough := errors.New("enough")
	err := ingest.Watch(t.Context(), dir, func() error {
		if looks++; looks == 2 {
			return enough
		}
		return os.WriteFile(filepath.Join(dir, "a.jpg"), nil, 0o600)
	})
	if !errors.Is(err, enough) || looks != 2 {
		t.Errorf("%d looks, %v", looks, err)
	}
}

func TestWatchNothing(t *testing.T) {
	t.Parallel()
	never := func() error { t.Error("looked"); return nil }
	if err := ingest.Watch(t.Context(), filepath.Join(t.TempDir(), "none"), never); face.CodeOf(err) != face.NotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	change(t, os.WriteFile(file, nil, 0o600))
	if err := ingest.Watch(t.Context(), file, never); face.CodeOf(err) != face.Invalid {
		t.Errorf("a file: %v", err)
	}
}
