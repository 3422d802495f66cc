package liveness

import (
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// said is what golden.json says of a face.
type said struct {
	V2Crop   [4]int    `json:"v2_crop_ltrb"`
	V1SECrop [4]int    `json:"v1se_crop_ltrb"`
	V2       []float64 `json:"v2_probs"`
	V1SE     []float64 `json:"v1se_probs"`
	Mean     []float64 `json:"mean_probs"`
	Real     bool      `json:"real"`
}

var miniFASNet = Config{
	Width: 80, Height: 80, Scales: []float64{2.7, 4}, Classes: 3, Live: 1, Pixels: classify.Pixels{Std: [3]float32{1, 1, 1}},
}

func open(t *testing.T, config Config, graphs ...[]byte) *Checker {
	t.Helper()
	var sessions []classify.Session
	for _, g := range graphs {
		sessions = append(sessions, golden.Session(t, g))
	}
	c, err := Open(t.Context(), sessions, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, c.Close()) })
	return c
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

func whole(m *cv.Image) classify.Face {
	return classify.Face{Picture: m, Frame: m.Bounds(), Box: face.Box{X2: float32(m.Width()), Y2: float32(m.Height())}}
}

func checked(t *testing.T, c *Checker, faces ...classify.Face) []face.Liveness {
	t.Helper()
	out, err := c.Check(t.Context(), faces)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Each network gives golden.json's probability of a live face from its own input, and
// both together give it from the photograph, cut at the same pixels.
func TestMiniFASNetMatchesTheReference(t *testing.T) {
	t.Parallel()
	graph := func(name string) []byte { return golden.Read(t, filepath.Join(golden.Models(t), name+".onnx")) }
	for _, kind := range []string{"", "_dynbatch"} {
		t.Run("graphs"+kind, func(t *testing.T) {
			t.Parallel()
			graphs := [][]byte{graph("minifasnet_v2_2.7_80x80" + kind), graph("minifasnet_v1se_4.0_80x80" + kind)}
			both := open(t, miniFASNet, graphs...)
			one := miniFASNet
			one.Scales = []float64{1}
			alone := []*Checker{open(t, one, graphs[0]), open(t, one, graphs[1])}
			compared := 0
			for name, photo := range golden.Load(t).Photos {
				m := decoded(t, golden.PhotoPath(t, name))
				var found []classify.Face
				for _, f := range photo.Faces {
					found = append(found, classify.Face{Picture: m, Frame: m.Bounds(), Box: face.Box{X1: f.Box[0], Y1: f.Box[1], X2: f.Box[2], Y2: f.Box[3]}})
				}
				got := checked(t, both, found...)
				for i, f := range photo.Faces {
					var want said
					f.Said(t, "minifasnet", &want)
					for k, ending := range []string{"spoof27", "spoof40"} {
						input := decoded(t, filepath.Join(golden.Models(t), fmt.Sprintf("golden/%s_face%d_%s.png", strings.TrimSuffix(name, ".jpg"), i, ending)))
						near(t, name+" "+ending, checked(t, alone[k], whole(input))[0].Score, [][]float64{want.V2, want.V1SE}[k][1], 1e-3)
						rect(t, name, around(found[i].Box, m.Bounds(), miniFASNet.Scales[k]), [][4]int{want.V2Crop, want.V1SECrop}[k])
					}
					near(t, name, got[i].Score, want.Mean[1], 1e-2)
					if got[i].Real != want.Real {
						t.Errorf("%s face %d: real is %v", name, i, got[i].Real)
					}
					compared++
				}
			}
			if compared < 10 {
				t.Errorf("compared %d faces only", compared)
			}
		})
	}
}

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if !(math.Abs(got-want) <= by) {
		t.Errorf("%s: %.5f, want %.5f", what, got, want)
	}
}

func rect(t *testing.T, what string, got image.Rectangle, want [4]int) {
	t.Helper()
	if got != image.Rect(want[0], want[1], want[2]+1, want[3]+1) {
		t.Errorf("%s: crop %v, want %v with its last column and row", what, got, want)
	}
}

// A face that is no live one is told so with the score of the profile, beside others.
func TestTheMostLikelyClassDecides(t *testing.T) {
	t.Parallel()
	in := onnxtest.Value{Name: "in", Shape: []int64{1, 3, 80, 80}}
	answer := func(p ...float64) []byte {
		logits := make([]float32, len(p))
		for i := range p {
			logits[i] = float32(math.Log(p[i]))
		}
		return onnxtest.Answers(in, onnxtest.Answer{Name: "out", Tensor: onnxtest.Tensor{Shape: []int64{1, int64(len(p))}, Data: logits}})
	}
	black, err := cv.Black(200, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer black.Close()
	shown := classify.Face{Picture: black, Frame: black.Bounds(), Box: face.Box{X1: 50, Y1: 30, X2: 80, Y2: 60}}
	graphs := [][]byte{answer(0.1, 0.3, 0.6), answer(0.2, 0.5, 0.3)}
	for winning, score := range map[bool]float64{false: 0.4, true: 0.45} {
		config := miniFASNet
		config.Winning = winning
		for _, got := range checked(t, open(t, config, graphs...), shown, shown) {
			if got.Real || math.Abs(got.Score-score) > 1e-5 {
				t.Errorf("winning %v: %+v, want a score of %g that is not real", winning, got, score)
			}
		}
	}
	for threshold, live := range map[float64]bool{0.39: true, 0.41: false} { // of a live face, which is likely by 0.4
		config := miniFASNet
		config.Threshold = threshold
		if got := checked(t, open(t, config, graphs...), shown)[0]; got.Real != live || math.Abs(got.Score-0.4) > 1e-5 {
			t.Errorf("from %g on: %+v", threshold, got)
		}
	}
	if _, err := Open(t.Context(), []classify.Session{golden.Session(t, graphs[0])}, miniFASNet); err == nil {
		t.Error("one graph was taken for two scales")
	}
}
