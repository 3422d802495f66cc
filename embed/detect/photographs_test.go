package detect_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
)

// rightOf is in how many of the 64 photographs a detector must find as many
// faces as there are, by its name in weightsOf: the figures of manifest.json.
var rightOf = map[string]int{
	"blazeface_back_256":          63,
	"blazeface_front_128":         63,
	"mtcnn":                       61,
	"opencv_ssd_res10_300":        58,
	"retinaface_mobilenet0.25":    64,
	"scrfd_2.5g_bnkps":            64,
	"scrfd_500m_bnkps":            64,
	"ultraface_rfb_320":           62,
	"ultraface_rfb_640":           63,
	"ultraface_rfb_640_masked_v2": 63,
	"yolov5n-0.5-face":            63,
	"yunet_n_dynamic":             64,
	"yunet_s_dynamic":             61,
}

// leastOf is the confidence that the figure of manifest.json is for, where it is
// not the detector's own.
var leastOf = map[string]float32{"mtcnn": 0.9}

// facesIn says how few and how many faces a photograph may be said to have;
// those that are not named here have one.
var facesIn = map[string][2]int{
	"couple.jpg":             {2, 2},
	"selfie-many-people.jpg": {6, 7},
	"img54.jpg":              {1, 4},
	"img59.jpg":              {1, 2},
	"img62.jpg":              {1, 3},
}

func TestDetectorsOnPhotographs(t *testing.T) {
	t.Parallel()
	paths := photographs(t)
	detectors, right := map[string]detect.Detector{}, map[string]int{}
	for weights := range rightOf {
		detectors[weights] = openDetector(t, weights, detect.Options{Confidence: leastOf[weights]})
	}
	var mu sync.Mutex
	t.Run("photographs", func(t *testing.T) {
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				photo := decode(t, path)
				for weights, d := range detectors {
					found, err := d.Detect(context.Background(), photo)
					if err != nil {
						t.Errorf("%s: %v", weights, err)
					}
					mu.Lock()
					if n := len(found); n >= fewest(path) && n <= most(path) {
						right[weights]++
					} else {
						t.Logf("%s finds %d faces, there are %d to %d", weights, n, fewest(path), most(path))
					}
					mu.Unlock()
				}
			})
		}
	})
	for weights, want := range rightOf {
		if right[weights] < want {
			t.Errorf("%s finds all faces of %d of %d photographs, want %d", weights, right[weights], len(paths), want)
		}
	}
}

func fewest(path string) int { return max(1, facesIn[filepath.Base(path)][0]) }

func most(path string) int { return max(1, facesIn[filepath.Base(path)][1]) }

// photographs are the paths of all photographs of people.
func photographs(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"people/*/*", "groups/*"} {
		some, err := filepath.Glob(filepath.Join(golden.Photos(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, some...)
	}
	if len(paths) != 64 {
		t.Fatalf("%d photographs, want 64", len(paths))
	}
	return paths
}
