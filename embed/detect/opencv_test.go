package detect

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestGroupWindows(t *testing.T) {
	t.Parallel()
	at := func(x, y, side int) image.Rectangle { return image.Rect(x, y, x+side, y+side) }
	var windows []image.Rectangle
	for i := range 12 { // one face, twelve windows around 100,100
		windows = append(windows, at(100+i%3-1, 100+i%2, 60))
	}
	for range 11 { // another
		windows = append(windows, at(300, 50, 80))
	}
	for range 5 { // too few
		windows = append(windows, at(10, 10, 40))
	}
	for range 11 { // inside the first, less supported than it
		windows = append(windows, at(110, 110, 30))
	}
	want := []group{{at(300, 50, 80), 11}, {image.Rect(100, 100, 160, 160), 12}}
	for range 20 { // whatever the order
		rand.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
		if got := groupWindows(windows, 10); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if got := groupWindows(nil, 10); len(got) != 0 {
		t.Errorf("no windows give %v", got)
	}
}

func TestPlausibleEyes(t *testing.T) {
	t.Parallel()
	box := image.Rect(0, 0, 100, 100)
	for name, c := range map[string]struct {
		left, right face.Point
		want        bool
	}{
		"eyes":                {face.Point{X: 30, Y: 40}, face.Point{X: 68, Y: 38}, true},
		"eye and mouth":       {face.Point{X: 30, Y: 40}, face.Point{X: 60, Y: 75}, false},
		"eye and its brow":    {face.Point{X: 30, Y: 40}, face.Point{X: 34, Y: 30}, false},
		"eye and the ear":     {face.Point{X: 10, Y: 40}, face.Point{X: 90, Y: 40}, false},
		"eyes too much askew": {face.Point{X: 35, Y: 20}, face.Point{X: 65, Y: 50}, false},
	} {
		if got := plausibleEyes(c.left, c.right, box); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestSuppress(t *testing.T) {
	t.Parallel()
	box := func(x, confidence float32) face.Detection {
		return face.Detection{Box: face.Box{X1: x, Y1: 0, X2: x + 10, Y2: 10}, Confidence: confidence}
	}
	// IoU of boxes 10 wide and shifted by 5 is 1/3; by 2 it is 2/3.
	got := suppress([]face.Detection{box(2, 0.8), box(0, 0.9), box(5, 0.7), box(40, 0.6)}, 0.4, 0)
	var kept []float32
	for _, d := range got {
		kept = append(kept, d.Confidence)
	}
	if !slices.Equal(kept, []float32{0.9, 0.7, 0.6}) {
		t.Errorf("kept %v", kept)
	}
}
