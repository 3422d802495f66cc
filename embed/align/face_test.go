package align

import (
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// An upright face whose landmarks lie on the template is cut out unchanged.
func TestFaceOnTheTemplateStaysAsItIs(t *testing.T) {
	t.Parallel()
	grey := filled(Side, Side, noise)
	aligned, err := Face(picture(t, grey), face.Detection{Landmarks: arcface[:]})
	same(t, greys(t, aligned, err), grey)
}

// The reference's crops were made by insightface's alignment with OpenCV. The
// fits differ in the last digits, and JPEG decoders may differ by a level or
// two; measured were 0.004 levels on average and 5 at most.
func TestFaceMatchesTheReference(t *testing.T) {
	t.Parallel()
	limits, compared := cv.Limits{Bytes: 1 << 24, Pixels: 1 << 25}, 0
	for name, reference := range golden.Load(t).Photos {
		for i, f := range reference.Faces {
			crop := fmt.Sprintf("golden/%s_face%d_aligned112.png", strings.TrimSuffix(name, ".jpg"), i)
			want, err := cv.Decode(golden.Read(t, filepath.Join(golden.Models(t), crop)), limits)
			expected := greys(t, want, err)
			photo, err := cv.Decode(golden.Read(t, golden.PhotoPath(t, name)), limits)
			if err != nil {
				t.Fatal(err)
			}
			aligned, err := Face(photo, face.Detection{Landmarks: golden.Points(f.Landmarks)})
			photo.Close()
			got, sum, worst := greys(t, aligned, err), 0.0, 0.0
			for j, v := range got.Pix {
				d := math.Abs(float64(v) - float64(expected.Pix[j]))
				sum, worst = sum+d, max(worst, d)
			}
			if mean := sum / float64(len(got.Pix)); mean > 0.5 || worst > 10 {
				t.Errorf("%s: %v levels off on average, %v at most", crop, mean, worst)
			}
			compared++
		}
	}
	if compared < 10 {
		t.Errorf("compared %d faces only", compared)
	}
}

// Onto 96x112 the same face is cut 8 columns further right; onto 128x128 it
// gets 8 black columns on both sides and 16 black rows below.
func TestCutOntoOtherTemplates(t *testing.T) {
	t.Parallel()
	photo := picture(t, filled(Side, Side, noise))
	narrow := Template{Width: 96, Height: 112, Scale: 1, Offset: face.Point{X: -8}}
	for _, c := range []struct {
		onto  Template
		shift int
	}{{narrow, 8}, {ArcFace(128), -8}} {
		placement, err := Place(face.Detection{Landmarks: arcface[:]}, c.onto, BoxEyes{})
		if err != nil {
			t.Fatal(err)
		}
		aligned, err := Cut(photo, placement, c.onto)
		same(t, greys(t, aligned, err), filled(c.onto.Width, c.onto.Height, func(x, y int) byte {
			if x += c.shift; !image.Pt(x, y).In(photo.Bounds()) {
				return 0
			}
			return noise(x, y)
		}))
	}
}

// By hand, in a box 200 wide and 100 high at 10,20: a distance of 0.5 puts the
// eyes 100 apart about x = 110, a line of 0.25 at y = 45; the default values
// put them 73 apart at y = 59.4.
func TestEyesFromABox(t *testing.T) {
	t.Parallel()
	box := face.Box{X1: 10, Y1: 20, X2: 210, Y2: 120}
	for _, c := range []struct {
		eyes BoxEyes
		want face.Landmarks
	}{
		{BoxEyes{Distance: 0.5, Line: 0.25}, face.Landmarks{{X: 60, Y: 45}, {X: 160, Y: 45}}},
		{BoxEyes{}, face.Landmarks{{X: 73.5, Y: 59.4}, {X: 146.5, Y: 59.4}}},
	} {
		got := c.eyes.Of(box)
		if len(got) != 2 || got[0].Distance(c.want[0]) > 1e-4 || got[1].Distance(c.want[1]) > 1e-4 {
			t.Errorf("%+v: got %v, want %v", c.eyes, got, c.want)
		}
		byBox, err := Place(face.Detection{Box: box}, ArcFace(Side), c.eyes)
		if err != nil {
			t.Fatal(err)
		}
		for i, eye := range c.want {
			if there := apply(byBox.Map, eye); there.Distance(arcface[i]) > 1e-3 {
				t.Errorf("%+v: eye %d comes to %v", c.eyes, i, there)
			}
		}
	}
}

// Landmarks go before the box.
func TestPlaceTakesLandmarksFirst(t *testing.T) {
	t.Parallel()
	found := face.Detection{Box: face.Box{X2: 500, Y2: 500}, Landmarks: arcface[:]}
	got, err := Place(found, ArcFace(Side), BoxEyes{})
	if err != nil || distance(got.Map, cv.Affine{A: 1, E: 1}) > 1e-9 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFacesThatCannotBeCut(t *testing.T) {
	t.Parallel()
	photo := picture(t, lit(4, 4))
	for name, found := range map[string]face.Detection{
		"coinciding landmarks": {Landmarks: make(face.Landmarks, 5)},
		"three landmarks":      {Landmarks: make(face.Landmarks, 3)},
		"an empty box":         {Box: face.Box{X1: 5, Y1: 5, X2: 5, Y2: 9}},
	} {
		if m, err := Face(photo, found); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("%s: %v", name, err)
		}
	}
	if m, err := Cut(photo, Placement{}, ArcFace(Side)); face.CodeOf(err) != face.Invalid {
		m.Close()
		t.Errorf("no placement: %v", err)
	}
}

// A face just outside the photograph is black; landmarks that no photograph can
// hold are refused.
func TestAFaceFarAway(t *testing.T) {
	t.Parallel()
	photo := picture(t, filled(8, 8, level(200)))
	beside := moved(cv.Affine{A: 1, C: 300, E: 1}, arcface[:])
	aligned, err := Face(photo, face.Detection{Landmarks: beside})
	same(t, greys(t, aligned, err), lit(Side, Side))
	for _, far := range []face.Landmarks{{{X: 1e20}, {X: 2e20}}, {{X: -2e7, Y: 5}, {X: 40 - 2e7, Y: 5}}} {
		if m, err := Face(photo, face.Detection{Landmarks: far}); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("%v: %v", far, err)
		}
	}
}

func BenchmarkFace(b *testing.B) {
	photo := picture(b, filled(1280, 960, noise))
	found := face.Detection{Landmarks: moved(cv.Affine{A: 2.4, B: -0.7, C: 500, D: 0.7, E: 2.4, F: 300}, arcface[:])}
	for b.Loop() {
		aligned, err := Face(photo, found)
		if err != nil {
			b.Fatal(err)
		}
		aligned.Close()
	}
}
