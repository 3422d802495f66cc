package detect_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

var limits = cv.Limits{Bytes: 1 << 26, Pixels: 1e8}

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// weightsOf says which networks of the real weights make up a detector, and
// which backend reads them; the key is the detector's name in golden.json.
var weightsOf = map[string]struct {
	backend string
	files   []string
}{
	"blazeface_back_256":          {"blazeface", []string{"blazeface_back_256"}},
	"blazeface_front_128":         {"blazeface", []string{"blazeface_front_128"}},
	"mtcnn":                       {"mtcnn", []string{"mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet"}},
	"opencv_ssd_res10_300":        {"ssd", []string{"opencv_ssd_res10_300"}},
	"retinaface_mobilenet0.25":    {"retinaface_priors", []string{"retinaface_mobilenet0.25"}},
	"scrfd_2.5g_bnkps":            {"scrfd", []string{"scrfd_2.5g_bnkps"}},
	"scrfd_500m_bnkps":            {"scrfd", []string{"scrfd_500m_bnkps"}},
	"ultraface_rfb_320":           {"ultraface", []string{"ultraface_rfb_320"}},
	"ultraface_rfb_640":           {"ultraface", []string{"ultraface_rfb_640"}},
	"ultraface_rfb_640_masked_v2": {"ultraface", []string{"ultraface_rfb_640_masked_v2"}},
	"yolov5n-0.5-face":            {"yolov5face", []string{"yolov5n-0.5-face"}},
	"yunet_n_dynamic":             {"yunet", []string{"yunet_n_dynamic"}},
	"yunet_s_dynamic":             {"yunet", []string{"yunet_s_dynamic"}},
}

func openDetector(t *testing.T, name string, o detect.Options) detect.Detector {
	t.Helper()
	var networks []detect.Network
	for _, file := range weightsOf[name].files {
		networks = append(networks, golden.Session(t, golden.Read(t, filepath.Join(golden.Models(t), file+".onnx"))))
	}
	detector, err := detect.Open(weightsOf[name].backend, networks, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, detector.Close()) })
	return detector
}

func decode(t *testing.T, path string) *cv.Image {
	t.Helper()
	photo, err := cv.Decode(golden.Read(t, path), limits)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	t.Cleanup(func() { golden.Check(t, photo.Close()) })
	return photo
}

// Boxes must lie within 2 pixels or IoU 0.95 of the reference's, landmarks
// within 2 % of the distance of the eyes, scores within 0.03.
func TestDetectorsMatchTheReference(t *testing.T) {
	t.Parallel()
	reference := golden.Load(t)
	for weights := range weightsOf {
		t.Run(weights, func(t *testing.T) {
			t.Parallel()
			detector := openDetector(t, weights, detect.Options{})
			for name, photo := range reference.Photos {
				found, err := detector.Detect(context.Background(), decode(t, golden.PhotoPath(t, name)))
				if err != nil {
					t.Fatal(err)
				}
				compare(t, name, found, photo.Detect[weights])
			}
		})
	}
}

func compare(t *testing.T, name string, got []face.Detection, want []golden.Detection) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: found %d faces, want %d", name, len(got), len(want))
		return
	}
	for i, w := range want {
		box := face.Box{X1: w.Box[0], Y1: w.Box[1], X2: w.Box[2], Y2: w.Box[3]}
		g := got[i]
		worst := max(abs(g.Box.X1-box.X1), abs(g.Box.Y1-box.Y1), abs(g.Box.X2-box.X2), abs(g.Box.Y2-box.Y2))
		if iou := overlap(g.Box, box); worst > 2 && iou < 0.95 {
			t.Errorf("%s face %d: box %v is %.2f pixels and IoU %.3f from %v", name, i, g.Box, worst, iou, box)
		}
		if abs(g.Confidence-w.Score) > 0.03 {
			t.Errorf("%s face %d: confidence %.3f, want %.3f", name, i, g.Confidence, w.Score)
		}
		marks := golden.Points(w.Landmarks)
		if len(marks) == 6 {
			marks = marks[:4] // BlazeFace's ears are left out
		}
		if len(g.Landmarks) != len(marks) {
			t.Errorf("%s face %d: %d landmarks, want %d", name, i, len(g.Landmarks), len(marks))
			continue
		}
		left, right, _ := marks.Eyes()
		for k, p := range marks {
			if off := g.Landmarks[k].Distance(p); off > 0.02*left.Distance(right) {
				t.Errorf("%s face %d: landmark %d is %.2f pixels from the reference, eyes are %.0f apart", name, i, k, off, left.Distance(right))
			}
		}
	}
}

// overlap is the intersection over union of two boxes.
func overlap(a, b face.Box) float32 {
	both := face.Box{X1: max(a.X1, b.X1), Y1: max(a.Y1, b.Y1), X2: min(a.X2, b.X2), Y2: min(a.Y2, b.Y2)}.Area()
	return both / (a.Area() + b.Area() - both)
}

func abs(v float32) float32 { return max(v, -v) }
