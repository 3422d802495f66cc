package sheet_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/sheet"
)

// A box has a border and keeps its inside, landmarks lie where they are, the
// two eyes differ, and the label stands above the box.
func TestAnnotate(t *testing.T) {
	t.Parallel()
	photo := image.NewRGBA(image.Rect(0, 0, 400, 300))
	black := color.RGBA{}
	d := face.Detection{
		Box:       face.Box{X1: 100, Y1: 100, X2: 200, Y2: 220},
		Landmarks: face.Landmarks{{X: 130, Y: 140}, {X: 170, Y: 140}, {X: 150, Y: 165}, {X: 135, Y: 190}, {X: 165, Y: 190}},
	}
	if err := sheet.Annotate(photo, []sheet.Mark{{Detection: d, Label: "0.93"}}); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]image.Point{"left side": {100, 160}, "right side": {199, 160}, "bottom": {150, 219}, "nose": {150, 165}, "mouth": {135, 190}} {
		if photo.RGBAAt(at.X, at.Y) == black {
			t.Errorf("nothing is drawn at the %s", name)
		}
	}
	if photo.RGBAAt(110, 120) != black {
		t.Error("the inside of the box is covered")
	}
	if left, right := photo.RGBAAt(130, 140), photo.RGBAAt(170, 140); left == right || left == black || right == black {
		t.Errorf("eyes in %v and %v", left, right)
	}
	if !drawn(photo, image.Rect(100, 75, 150, 98)) || drawn(photo, image.Rect(220, 75, 300, 98)) {
		t.Error("the label is not where the box is")
	}
}

// Faces at and beyond the border are drawn as far as they are seen.
func TestAnnotateAtTheBorder(t *testing.T) {
	t.Parallel()
	photo := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for _, b := range []face.Box{{X1: -20, Y1: -20, X2: 30, Y2: 30}, {X1: 50, Y1: 30, X2: 90, Y2: 90}, {X1: 100, Y1: 100, X2: 120, Y2: 120}} {
		mark := sheet.Mark{Detection: face.Detection{Box: b, Landmarks: face.Landmarks{{X: -9, Y: -9}, {X: 999, Y: 9}}}, Label: "x"}
		if err := sheet.Annotate(photo, []sheet.Mark{mark}); err != nil {
			t.Fatal(err)
		}
	}
	if !drawn(photo, photo.Rect) {
		t.Error("nothing is drawn")
	}
	wide := image.NewRGBA(image.Rect(0, 0, 400, 300))
	mark := sheet.Mark{Detection: face.Detection{Box: face.Box{X1: 370, Y1: 100, X2: 399, Y2: 140}}, Label: "37 Man neutral"}
	if err := sheet.Annotate(wide, []sheet.Mark{mark}); err != nil {
		t.Fatal(err)
	}
	if !drawn(wide, image.Rect(290, 75, 360, 98)) {
		t.Error("the end of the label lies outside the photograph")
	}
}

func drawn(m *image.RGBA, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if m.RGBAAt(x, y) != (color.RGBA{}) {
				return true
			}
		}
	}
	return false
}
