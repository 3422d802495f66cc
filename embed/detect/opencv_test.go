package detect

import (
	"context"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
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

// Both readings find the face of a portrait where SCRFD finds it; DeepFace's
// confidence is 1 less a hundredth of the cascade's weight.
func TestHaarReadings(t *testing.T) {
	t.Parallel()
	photo, err := cv.Decode(golden.Read(t, golden.PhotoPath(t, "img1.jpg")), cv.Limits{Bytes: 1 << 26, Pixels: 1e8})
	if err != nil {
		t.Fatal(err)
	}
	defer photo.Close()
	raw := golden.Load(t).Photos["img1.jpg"].Detect["scrfd_500m_bnkps"][0]
	want := face.Box{X1: raw.Box[0], Y1: raw.Box[1], X2: raw.Box[2], Y2: raw.Box[3]}
	for _, profile := range []face.Profile{face.Native, face.DeepFace} {
		d, err := OpenHaar("/usr/share/opencv4/haarcascades", Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { golden.Check(t, d.Close()) }()
		found, err := d.Detect(context.Background(), photo)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d faces, %v", profile, len(found), err)
		}
		i := face.MostProminent(found, photo.Width(), photo.Height())
		if got := overlap(found[i].Box, want, 0); got < 0.5 {
			t.Errorf("%s: box %v is far from %v", profile, found[i].Box, want)
		}
		if c := found[i].Confidence; profile == face.DeepFace && (c < 0.8 || c >= 1) {
			t.Errorf("confidence %g: a cascade's last stage sums to some units", c)
		}
	}
}

// A text that is no cascade is an error, not the end of the process.
func TestHaarRefusesJunk(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no XML": "junk", "cut short": "<?xml version=\"1.0\"?><opencv_storage><cascade>", "empty": "", "another": "<?xml version=\"1.0\"?><opencv_storage></opencv_storage>"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "haarcascade_eye.xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := OpenHaar(dir, Options{}); err == nil {
			t.Errorf("%s: opened, %v", name, d.Close())
		}
	}
}
