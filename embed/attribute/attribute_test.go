package attribute_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// reference is a network of golden.json: its weights, the ending of the pictures
// that it was given, if there are any, and what golden.json calls its answers.
type reference struct {
	file, input string
	config      attribute.Config
	says        map[face.Attribute]string
}

var (
	fer    = []string{"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}
	faceAP = [3]float32{122.782, 117.001, 104.298}
	middle = [3]float32{127.5, 127.5, 127.5}
)

func all(v float32) [3]float32 { return [3]float32{v, v, v} }

var references = []reference{
	{"faceapi_age_gender", "square112", attribute.Config{
		Width: 112, Height: 112, Cut: attribute.Fit, Pixels: classify.Pixels{RGB: true, Mean: faceAP, Std: all(256)},
		Heads: []attribute.Head{{Attribute: face.Age, Output: "age"}, {Attribute: face.Gender, Output: "gender", Labels: []string{"male", "female"}}},
	}, map[face.Attribute]string{face.Age: "faceapi_age", face.Gender: "faceapi_gender"}},
	{"faceapi_face_expression", "square112", attribute.Config{
		Width: 112, Height: 112, Cut: attribute.Fit, Pixels: classify.Pixels{RGB: true, Mean: faceAP, Std: all(255)},
		Heads: []attribute.Head{{Attribute: face.Emotion, Labels: []string{"neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"}}},
	}, map[face.Attribute]string{face.Emotion: "faceapi_expression"}},
	{"oarriaga_emotion_mini_xception_64", "gray64", attribute.Config{
		Width: 64, Height: 64, Cut: attribute.Stretch, Pixels: classify.Pixels{Grey: true, Mean: middle, Std: middle},
		Heads: []attribute.Head{{Attribute: face.Emotion, Labels: fer}},
	}, map[face.Attribute]string{face.Emotion: "oarriaga_emotion_64"}},
	{"oarriaga_emotion_mini_xception_48", "", attribute.Config{
		Width: 48, Height: 48, Cut: attribute.Stretch, Pixels: classify.Pixels{Grey: true, Mean: middle, Std: middle},
		Heads: []attribute.Head{{Attribute: face.Emotion, Labels: fer}},
	}, map[face.Attribute]string{face.Emotion: "oarriaga_emotion_48"}},
	{"oarriaga_gender_mini_xception_64", "gray64_gender", attribute.Config{
		Width: 64, Height: 64, Cut: attribute.Square, Margin: 0.3, Pixels: classify.Pixels{Grey: true, Std: all(255)},
		Heads: []attribute.Head{{Attribute: face.Gender, Labels: []string{"woman", "man"}}},
	}, map[face.Attribute]string{face.Gender: "oarriaga_gender"}},
}

func open(t *testing.T, graph []byte, config attribute.Config) *attribute.Estimator {
	t.Helper()
	e, err := attribute.Open(t.Context(), golden.Session(t, graph), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, e.Close()) })
	return e
}

func decoded(t *testing.T, path string) *cv.Image {
	t.Helper()
	m, err := cv.Decode(golden.Read(t, path), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, m.Close()) })
	return m
}

// whole is a picture that is a face altogether.
func whole(m *cv.Image) classify.Face {
	return classify.Face{Picture: m, Frame: m.Bounds(), Box: face.Box{X2: float32(m.Width()), Y2: float32(m.Height())}}
}

// From the reference's own inputs probabilities differ by 1e-3 at most, alone and
// beside other faces; from the photographs the dominant label is the same and the
// age within a year.
func TestNetworksMatchTheReference(t *testing.T) {
	t.Parallel()
	for _, r := range references {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			e := open(t, golden.Read(t, filepath.Join(golden.Models(t), r.file+".onnx")), r.config)
			compared := 0
			for name, photo := range golden.Load(t).Photos {
				m := decoded(t, golden.PhotoPath(t, name))
				var given, found []classify.Face
				for i, f := range photo.Faces {
					found = append(found, classify.Face{Picture: m, Frame: m.Bounds(), Box: face.Box{X1: f.Box[0], Y1: f.Box[1], X2: f.Box[2], Y2: f.Box[3]}})
					if r.input != "" {
						file := fmt.Sprintf("golden/%s_face%d_%s.png", strings.TrimSuffix(name, ".jpg"), i, r.input)
						given = append(given, whole(decoded(t, filepath.Join(golden.Models(t), file))))
						r.compare(t, name+" given alone", photo.Faces[i:i+1], estimated(t, e, given[i]), 1e-3, 0.1)
					}
				}
				if given != nil {
					r.compare(t, name+" given", photo.Faces, estimated(t, e, given...), 1e-3, 0.1)
				}
				r.compare(t, name, photo.Faces, estimated(t, e, found...), 0.1, 1)
				compared += len(found)
			}
			if compared < 10 {
				t.Errorf("compared %d faces only", compared)
			}
		})
	}
}

func estimated(t *testing.T, e *attribute.Estimator, faces ...classify.Face) []map[face.Attribute]face.Estimate {
	t.Helper()
	out, err := attribute.Estimate(t.Context(), []*attribute.Estimator{e}, faces)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 || len(out[0]) != len(faces) {
		t.Fatalf("%d estimates of %d faces", len(out), len(faces))
	}
	return out[0]
}

// compare allows probabilities and years to be off by so much.
func (r reference) compare(t *testing.T, what string, faces []golden.Face, got []map[face.Attribute]face.Estimate, probability, years float64) {
	t.Helper()
	for i, f := range faces {
		for attribute, network := range r.says {
			estimate := got[i][attribute]
			if attribute == face.Age {
				var want float64
				if f.Said(t, network, &want); !(math.Abs(estimate.Years-want) <= years) {
					t.Errorf("%s face %d: age %.3f, want %.3f", what, i, estimate.Years, want)
				}
				continue
			}
			want := map[string]float64{}
			f.Said(t, network, &want)
			for label, p := range want {
				if off := math.Abs(estimate.Percent[label]/100 - p); !(off <= probability) {
					t.Errorf("%s face %d: %s %.4f, want %.4f", what, i, label, estimate.Percent[label]/100, p)
				}
				if p > want[estimate.Dominant] {
					t.Errorf("%s face %d: dominant is %s, want %s", what, i, estimate.Dominant, label)
				}
			}
		}
	}
}
