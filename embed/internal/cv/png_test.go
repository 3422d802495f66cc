package cv_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

func TestDamagedPNGs(t *testing.T) {
	t.Parallel()
	whole := asPNG(t, slope(60, 40))
	chunks := pngChunks(whole)
	with := func(parts ...[]byte) []byte { return append(slices.Clone(whole[:8]), slices.Concat(parts...)...) }
	spoilt := func(chunk []byte) []byte {
		chunk = bytes.Clone(chunk)
		chunk[len(chunk)-5] ^= 1
		return chunk
	}
	head, end := chunks[0], chunks[len(chunks)-1]
	pixels := slices.Concat(chunks[1 : len(chunks)-1]...)
	for name, c := range map[string]struct {
		data []byte
		good bool
	}{
		"whole":              {whole, true},
		"junk after the end": {append(bytes.Clone(whole), "junk"...), true},
		"a bit turned":       {with(head, spoilt(pixels), end), false},
		"no end":             {with(head, pixels), false},
		"half":               {whole[:len(whole)/2], false},
		"junk in the middle": {with(head, []byte("junk"), pixels, end), false},
	} {
		m, err := cv.Decode(c.data, limits)
		if c.good && err != nil || !c.good && !errors.Is(err, cv.ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
		m.Close()
	}
}

// What is no part of the picture may be wrong.
func TestPNGOfAWrongNote(t *testing.T) {
	t.Parallel()
	whole, note := asPNG(t, slope(60, 40)), pngChunk("tEXt", []byte("a\x00b")...)
	note[len(note)-1] ^= 1
	if d := difference(t, decoded(t, slices.Insert(bytes.Clone(whole), 8+25, note...)), slope(60, 40)); d != 0 {
		t.Errorf("%d levels off", d)
	}
}

// libpng's habit is to print what is wrong.
func TestDamagedPNGsPrintNothing(t *testing.T) {
	t.Parallel()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDamagedPNGs$")
	var printed bytes.Buffer
	again.Stderr = &printed
	if err := again.Run(); err != nil {
		t.Error(err)
	}
	if printed.Len() > 0 {
		t.Errorf("printed %q", printed.String())
	}
}
