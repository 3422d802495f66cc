package quality_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/internal/face"
)

// inTheMiddle is the box of a drawn face that fills a picture of 600 pixels.
var inTheMiddle = face.Box{X1: 200, Y1: 200, X2: 400, Y2: 400}

func spoilt(t *testing.T, m *cv.Image, kind face.HarmKind, strength float64) *cv.Image {
	t.Helper()
	out, err := quality.Spoil(m, inTheMiddle, face.Harm{Kind: kind, Strength: strength})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, out)
}

func pixels(t *testing.T, m *cv.Image) []byte {
	t.Helper()
	p, err := m.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(p)
}

// A harm of no strength leaves a face of 150 pixels as it is, and each but a turn
// does more the stronger it is.
func TestSpoil(t *testing.T) {
	t.Parallel()
	m := crop(t, portrait(600, asIs))
	plain := pixels(t, spoilt(t, m, face.Downscale, 0))
	for _, kind := range face.Harms() {
		if p := pixels(t, spoilt(t, m, kind, 0)); !bytes.Equal(p, plain) {
			t.Errorf("%s of no strength changes the photograph", kind)
		}
		last := 0.
		for _, strength := range []float64{0.3, 0.6, 1} {
			if off := difference(t, plain, spoilt(t, m, kind, strength)); off <= last && (kind != face.Turn || off == 0) {
				t.Errorf("%s of strength %g makes a difference of %g, a weaker one of %g", kind, strength, off, last)
			} else {
				last = off
			}
		}
	}
	if w := spoilt(t, m, face.Downscale, 1).Width(); w != 30 {
		t.Errorf("the face was reduced to a third of %d pixels, want 10", w)
	}
	turned := spoilt(t, m, face.Turn, 1)
	quarter := pixels(t, closing(t, spoilt(t, m, face.Turn, 0).Turn(1)))
	if off := difference(t, quarter, turned); off > 1 {
		t.Errorf("turned by a quarter it is off by %g", off)
	}
	if dark := pixels(t, spoilt(t, m, face.Darken, 1)); dark[0] != byte(math.Round(0.02*float64(plain[0]))) {
		t.Errorf("level %d of %d is left", dark[0], plain[0])
	}
}

// difference is the mean one to a picture that was brought to the size.
func difference(t *testing.T, plain []byte, m *cv.Image) float64 {
	t.Helper()
	scaled, err := m.Resize(450, 450, cv.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.
	for i, v := range pixels(t, closing(t, scaled)) {
		sum += math.Abs(float64(v) - float64(plain[i]))
	}
	return sum / float64(len(plain))
}

func TestSpoilRefuses(t *testing.T) {
	t.Parallel()
	m := crop(t, portrait(112, asIs))
	for _, c := range []struct {
		box  face.Box
		harm face.Harm
	}{
		{face.Box{X1: 1000, Y1: 1000, X2: 1100, Y2: 1100}, face.Harm{Kind: face.Blur, Strength: 0.5}},
		{face.Box{X2: 100, Y2: 100}, face.Harm{Kind: "freeze"}},
		{face.Box{X2: 100, Y2: 100}, face.Harm{Kind: face.Blur, Strength: 1.1}},
		{face.Box{X2: 100, Y2: 100}, face.Harm{Kind: face.Blur, Strength: math.NaN()}},
		{face.Box{}, face.Harm{Kind: face.Blur}},
	} {
		out, err := quality.Spoil(m, c.box, c.harm)
		if face.CodeOf(err) != face.Invalid {
			t.Errorf("%v, %v: %v", c.box, c.harm, err)
		}
		_ = out.Close()
	}
}
