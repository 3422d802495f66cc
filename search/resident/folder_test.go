package resident_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search/resident"
)

var fewSpace = face.Space{Recognizer: "few", Weights: "00000000", Profile: face.Native, Dim: 3}

// saved is a copy in a folder, with what it holds.
func saved(t *testing.T) (c *copied, folder string) {
	t.Helper()
	c, folder = newCopied(t, resident.CopyConfig{}), t.TempDir()
	c.ok(c.copy.Space(t.Context(), 8, fewSpace))
	c.ok(c.copy.Put(t.Context(), 8, []face.Enrolled{{Face: [16]byte{1}, Gallery: [16]byte{1}, Vector: []float32{1, 2, 3}}}))
	c.put(3000)
	c.ok(c.copy.Reached(t.Context(), 5))
	c.ok(c.copy.Save(folder, "here"))
	return c, folder
}

// What was saved is what is opened, once, and goes on from there.
func TestSavedCopy(t *testing.T) {
	t.Parallel()
	c, folder := saved(t)
	c.ok(c.copy.Close())
	opened, origin, at, err := resident.OpenCopy(folder, resident.CopyConfig{})
	c.ok(err)
	if origin != "here" || at != 5 {
		t.Errorf("it is of %q at %d", origin, at)
	}
	if _, ok := opened.Resident(copySpace); ok {
		t.Error("it answers before it is in step")
	}
	c.copy = opened
	c.same()
	c.put(200)
	gone := [][16]byte{}
	for id := range c.held {
		if gone = append(gone, id); len(gone) == 500 {
			break
		}
		delete(c.held, id)
	}
	c.ok(c.copy.Remove(t.Context(), 7, gone[:499]))
	c.same()
	more := make([]face.Enrolled, 999) // with the one before as many as have an index
	for i := range more {
		more[i] = face.Enrolled{Face: [16]byte{2, byte(i), byte(i >> 8)}, Gallery: [16]byte{1}, Vector: []float32{float32(i), 1, 0}}
	}
	c.ok(c.copy.Put(t.Context(), 8, more))
	c.copy.Seen(6, time.Now())
	c.ok(c.copy.Reached(t.Context(), 6))
	if x, ok := c.copy.Resident(fewSpace); !ok || x.Index.Len() != 1000 {
		t.Error("the few are not held")
	}
	if _, _, _, err := resident.OpenCopy(folder, resident.CopyConfig{}); face.CodeOf(err) != face.NotFound {
		t.Errorf("opened again: %v", err)
	}
}

// Files that are not the copy's, or not whole, are refused.
func TestDamagedCopy(t *testing.T) {
	t.Parallel()
	cut := func(path string) error { return os.Truncate(path, 100) }
	for name, damage := range map[string]struct {
		file string
		do   func(path string) error
	}{
		"list cut": {"copy", cut}, "list turned": {"copy", turn}, "no list": {"copy", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		"codes cut": {"7.codes", cut}, "codes turned": {"7.codes", turn}, "no codes": {"7.codes", os.Remove},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, folder := saved(t)
			if err := damage.do(filepath.Join(folder, damage.file)); err != nil {
				t.Fatal(err)
			}
			if _, _, _, err := resident.OpenCopy(folder, resident.CopyConfig{}); err == nil {
				t.Error("it is opened")
			}
			if _, _, _, err := resident.OpenCopy(folder, resident.CopyConfig{}); face.CodeOf(err) != face.NotFound {
				t.Errorf("tried again: %v", err)
			}
		})
	}
	_, folder := saved(t)
	if _, _, _, err := resident.OpenCopy(folder, resident.CopyConfig{Seed: 1}); face.CodeOf(err) != face.Invalid {
		t.Errorf("with another seed: %v", err)
	}
	c, folder := saved(t)
	c.ok(c.copy.Begin(t.Context(), nil))
	c.ok(c.copy.Save(folder, "here"))
	if _, _, _, err := resident.OpenCopy(folder, resident.CopyConfig{}); face.CodeOf(err) != face.NotFound {
		t.Errorf("of a copy that was not whole: %v", err)
	}
}

// turn changes a bit in the middle of a file.
func turn(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	return os.WriteFile(path, text, 0o600)
}
