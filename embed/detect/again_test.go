package detect_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// A face that fills the frame is found at the second look only.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	once := openDetector(t, "scrfd_500m_bnkps", detect.Options{})
	twice := detect.Again(once, detect.Passes{})
	tight, err := filepath.Glob(filepath.Join(golden.Photos(t), "orl40", "s0*", "01.png"))
	if err != nil || len(tight) < 5 {
		t.Fatalf("%d pictures, %v", len(tight), err)
	}
	for _, path := range tight {
		photo := decode(t, path)
		if found, err := once.Detect(context.Background(), photo); err != nil || len(found) != 0 {
			t.Errorf("%s at once: %d faces, %v", path, len(found), err)
		}
		found, err := twice.Detect(context.Background(), photo)
		if err != nil || len(found) != 1 {
			t.Errorf("%s at the second look: %d faces, %v", path, len(found), err)
			continue
		}
		if c := found[0].Box.Centre(); c.X < 20 || c.X > 72 || c.Y < 30 || c.Y > 92 {
			t.Errorf("%s: face at %v, want it around the middle of 92x112", path, found[0].Box)
		}
	}
}

// The second look of a thorough detector adds no face twice.
func TestThoroughLook(t *testing.T) {
	t.Parallel()
	once := openDetector(t, "yunet_n_dynamic", detect.Options{})
	for name, want := range map[string]int{"couple.jpg": 2, "selfie-many-people.jpg": 6, "img1.jpg": 1} {
		found, err := detect.Again(once, detect.Passes{Thorough: true}).Detect(context.Background(), decode(t, golden.PhotoPath(t, name)))
		if err != nil || len(found) < want || len(found) > want+1 {
			t.Errorf("%s: %d faces, want %d, %v", name, len(found), want, err)
		}
	}
}

// A photograph that lies on its side or stands on its head gives the face of
// the upright one, landmarks in the person's order.
func TestTurnedPhotographs(t *testing.T) {
	t.Parallel()
	detector := detect.Again(openDetector(t, "scrfd_500m_bnkps", detect.Options{}), detect.Passes{Turned: true})
	upright := decode(t, golden.PhotoPath(t, "img1.jpg"))
	want, err := detector.Detect(context.Background(), upright)
	if err != nil || len(want) != 1 {
		t.Fatalf("%d faces, %v", len(want), err)
	}
	w, h := float32(upright.Width()), float32(upright.Height())
	left, right, _ := want[0].Landmarks.Eyes()
	for quarters, to := range map[int]func(face.Point) face.Point{
		1: func(p face.Point) face.Point { return face.Point{X: h - p.Y, Y: p.X} },
		2: func(p face.Point) face.Point { return face.Point{X: w - p.X, Y: h - p.Y} },
		3: func(p face.Point) face.Point { return face.Point{X: p.Y, Y: w - p.X} },
	} {
		photo := upright.Turn(quarters)
		defer func() { golden.Check(t, photo.Close()) }()
		got, err := detector.Detect(context.Background(), photo)
		if err != nil || len(got) != 1 {
			t.Errorf("%d quarters: %d faces, %v", quarters, len(got), err)
			continue
		}
		for k, p := range got[0].Landmarks {
			if off := p.Distance(to(want[0].Landmarks[k])); off > 0.1*left.Distance(right) {
				t.Errorf("%d quarters: landmark %d at %v, want %v", quarters, k, p, to(want[0].Landmarks[k]))
			}
		}
	}
}
