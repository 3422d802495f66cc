package embed_test

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// The 68 points of real faces lie where the reference has them, within a hundredth of
// the box's width in the mean, and with the small model within two.
func TestLandmarksMatchTheReference(t *testing.T) {
	t.Parallel()
	for model, c := range map[string]struct {
		network string
		most    float64
	}{
		embed.Auto:            {"faceapi_landmark_68", 0.01},
		"faceapi-points-68-s": {"faceapi_landmark_68_tiny", 0.02},
	} {
		e := openEmbedder(t, embed.Config{Recognizer: embed.NoRecognizer, Detector: "scrfd", Landmarks: model, OrtLib: golden.OrtLib(t)}, golden.Models(t))
		for name, photo := range golden.Load(t).Photos {
			got, _, _, err := e.Extract(t.Context(), golden.Read(t, golden.PhotoPath(t, name)), face.AllFaces)
			if err != nil || len(got) != len(photo.Faces) {
				t.Fatalf("%s: %d faces, want %d, %v", name, len(got), len(photo.Faces), err)
			}
			for i, f := range photo.Faces {
				var raw [][2]float32
				f.Said(t, c.network, &raw)
				want := golden.Points(raw)
				if len(got[i].Points) != 68 || len(want) != 68 {
					t.Fatalf("%s face %d: %d points, want %d", name, i, len(got[i].Points), len(want))
				}
				off := 0.0
				for k, p := range got[i].Points {
					off += float64(p.Distance(want[k])) / 68
				}
				if width := float64(f.Box[2] - f.Box[0]); math.IsNaN(off) || off > c.most*width {
					t.Errorf("%s face %d by %s: %.1f pixels off in the mean, box %.0f wide", name, i, c.network, off, width)
				}
			}
		}
	}
	cfg := embed.Config{Recognizer: embed.NoRecognizer, Landmarks: "MiniXception", OrtLib: golden.OrtLib(t)}
	if _, err := openWith(t, cfg, golden.Models(t)); face.CodeOf(err) != face.Invalid {
		t.Errorf("a model of emotions: %v", err)
	}
}
