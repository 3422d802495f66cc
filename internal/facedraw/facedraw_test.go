package facedraw_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/visagedb/visage/internal/facedraw"
)

func TestRenderIsTheSameForTheSameSeeds(t *testing.T) {
	t.Parallel()
	draw := func() *image.RGBA { return facedraw.NewPerson(3).Render(facedraw.NewView(7), 120) }
	first, second := draw(), draw()
	if first.Bounds() != image.Rect(0, 0, 120, 120) {
		t.Fatalf("the picture is %v, want 120x120", first.Bounds())
	}
	if d := meanDifference(first, second); d != 0 {
		t.Errorf("two drawings of one view differ by %.3f grey levels on average", d)
	}
}

// TestRenderKeepsItsLook compares a few patches with the colours they had when
// the sample people were chosen. The tolerance leaves room for processors that
// round otherwise, not for another face.
func TestRenderKeepsItsLook(t *testing.T) {
	t.Parallel()
	v := facedraw.Frontal()
	v.Noise = 0
	img := facedraw.NewPerson(1).Render(v, 160)
	for name, want := range map[string]struct {
		x, y    int
		r, g, b float64
	}{
		"wall":     {12, 20, 130, 142, 155},
		"forehead": {80, 46, 147, 105, 85},
		"hair":     {80, 20, 32, 30, 33},
		"shirt":    {45, 156, 210, 207, 200},
	} {
		r, g, b := patch(img, want.x, want.y)
		if math.Abs(r-want.r)+math.Abs(g-want.g)+math.Abs(b-want.b) > 12 {
			t.Errorf("%s is %.0f,%.0f,%.0f, want about %.0f,%.0f,%.0f", name, r, g, b, want.r, want.g, want.b)
		}
	}
}

// patch is the mean colour of 7x7 pixels.
func patch(img *image.RGBA, x, y int) (r, g, b float64) {
	for i := range 49 {
		c := img.RGBAAt(x-3+i%7, y-3+i/7)
		r, g, b = r+float64(c.R)/49, g+float64(c.G)/49, b+float64(c.B)/49
	}
	return r, g, b
}

func meanDifference(a, b *image.RGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		sum += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
	}
	return sum / float64(len(a.Pix))
}

func TestEveryKnobOfAViewChangesThePicture(t *testing.T) {
	t.Parallel()
	p := facedraw.NewPerson(2)
	base := p.Render(facedraw.Frontal(), 64)
	for name, turn := range map[string]func(*facedraw.View){
		"yaw":       func(v *facedraw.View) { v.Yaw = 8 },
		"pitch":     func(v *facedraw.View) { v.Pitch = 6 },
		"roll":      func(v *facedraw.View) { v.Roll = 6 },
		"scale":     func(v *facedraw.View) { v.Scale = 0.9 },
		"offset x":  func(v *facedraw.View) { v.OffsetX = 0.1 },
		"offset y":  func(v *facedraw.View) { v.OffsetY = 0.1 },
		"azimuth":   func(v *facedraw.View) { v.LightAzimuth = 40 },
		"elevation": func(v *facedraw.View) { v.LightElevation = 5 },
		"strength":  func(v *facedraw.View) { v.LightStrength = 0.7 },
		"warmth":    func(v *facedraw.View) { v.Warmth = 1 },
		"smile":     func(v *facedraw.View) { v.Smile = 1 },
		"lids":      func(v *facedraw.View) { v.Lids = 0.8 },
		"gaze":      func(v *facedraw.View) { v.Gaze = 1 },
		"noise":     func(v *facedraw.View) { v.Noise = 4 },
		"blur":      func(v *facedraw.View) { v.Blur = 1.5 },
		"seed":      func(v *facedraw.View) { v.Seed = 9 },
	} {
		v := facedraw.Frontal()
		turn(&v)
		if meanDifference(base, p.Render(v, 64)) < 0.01 {
			t.Errorf("%s changes nothing", name)
		}
	}
}

func TestEyesAreWhereTheyAreDrawn(t *testing.T) {
	t.Parallel()
	const size = 240
	for seed := range uint64(3) {
		p, v := facedraw.NewPerson(seed), facedraw.NewView(seed)
		img := p.Render(v, size)
		left, right := p.Eyes(v, size)
		if left[0] >= right[0] {
			t.Fatalf("person %d: left eye at %v, right at %v", seed, left, right)
		}
		middle := luma(img, (left[0]+right[0])/2, (left[1]+right[1])/2+4)
		for _, eye := range [][2]float64{left, right} {
			if got := darkest(img, eye[0], eye[1], 6); got > 0.6*middle {
				t.Errorf("person %d: no iris near %v: darkest %.0f, bridge of the nose %.0f", seed, eye, got, middle)
			}
		}
	}
}

func darkest(img image.Image, x, y float64, reach int) float64 {
	least := 255.0
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			least = min(least, luma(img, x+float64(dx), y+float64(dy)))
		}
	}
	return least
}

func luma(img image.Image, x, y float64) float64 {
	return float64(color.GrayModel.Convert(img.At(int(x), int(y))).(color.Gray).Y)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	few, more := facedraw.Samples(2, 3, 1), facedraw.Samples(12, 3, 1)
	if len(few) != 2 || len(more) != 12 || few[1].Name != "sample-02" || more[11].Name != "sample-12" {
		t.Fatalf("wrong people: %d, %d", len(few), len(more))
	}
	seen := map[uint64]bool{}
	for _, s := range more {
		if len(s.Enrolled) != 3 || len(s.Probes) != 1 {
			t.Fatalf("%s has %d enrolled views and %d probes, want 3 and 1", s.Name, len(s.Enrolled), len(s.Probes))
		}
		for _, v := range append(s.Enrolled, s.Probes...) {
			if seen[v.Seed] {
				t.Errorf("view %d is used twice", v.Seed)
			}
			seen[v.Seed] = true
		}
	}
	if few[1].Enrolled[2] != more[1].Enrolled[2] {
		t.Error("asking for more people changed the views of the first")
	}
}
