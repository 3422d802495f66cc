package detect_test

import (
	"context"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// Graphs that are another network's are refused when they are opened, or, where
// they leave their sizes open, when they run. None of them may panic.
func TestGraphsThatDoNotFit(t *testing.T) {
	t.Parallel()
	square, ssd, wide := []int64{1, 3, 128, 128}, []int64{1, 3, 300, 300}, []int64{1, 3, 240, 320}
	many := func(width int) ort.Tensor { return rows(width, make([]float32, 896*width)...) }
	photo := uniform(t, 40, 30, orange)
	for _, c := range []struct {
		name, backend string
		network       *scripted
	}{
		{"full range", "blazeface", answering([]int64{1, 3, 192, 192}, many(16), many(1))},
		{"any size", "blazeface", answering([]int64{1, 3, -1, -1}, many(16), many(1))},
		{"ultraface", "blazeface", answering(square, many(2), many(4))},
		{"three outputs", "blazeface", answering(square, many(16), many(1), many(1))},
		{"one output twice", "blazeface", answering(square, many(16), many(16))},
		{"few anchors", "blazeface", untold(answering(square, rows(16, make([]float32, 16)...), rows(1, 1)))},
		{"boxes missing", "blazeface", untold(answering(square, rows(16, make([]float32, 32)...), many(1)))},
		{"scalars", "blazeface", answering(square, ort.Tensor{Data: []float32{1}}, ort.Tensor{Data: []float32{1}})},
		{"any size", "ultraface", answering([]int64{1, 3, -1, -1}, many(2), many(4))},
		{"four classes", "ultraface", answering(wide, many(5), many(4))},
		{"scores missing", "ultraface", answering(wide, rows(2, 0, 1), many(4))},
		{"blazeface", "ultraface", untold(answering(wide, many(16), many(1)))},
		{"ultraface", "ssd", answering(wide, many(2), many(4))},
		{"masked", "ssd", answering(ssd, many(3), many(4))},
		{"boxes missing", "ssd", answering(ssd, many(2), rows(4, 0, 0, 1, 1))},
		{"ragged", "ssd", answering(ssd, rows(2, 0, 1), ort.Tensor{Shape: []int64{1, 1, 4}, Data: []float32{0, 1, 1, 1, 1}})},
		{"two outputs", "yolov5face", answering(square, many(16), many(16))},
		{"width 15", "yolov5face", answering(square, many(15))},
		{"width 15, open", "yolov5face", untold(answering(square, many(15)))},
		{"no outputs", "yolov5face", answering(square)},
	} {
		t.Run(c.backend+" "+c.name, func(t *testing.T) {
			t.Parallel()
			detector, err := detect.Open(c.backend, []detect.Network{c.network}, detect.Options{})
			if err != nil {
				if face.CodeOf(err) != face.Mismatch {
					t.Errorf("opened with %v, want a mismatch", err)
				}
				return
			}
			if found, err := detector.Detect(context.Background(), photo); err == nil {
				t.Errorf("found %v, want an error", found)
			}
		})
	}
}

// These graphs take one size of picture.
func TestFixedInputsRefuseOtherSizes(t *testing.T) {
	t.Parallel()
	for backend, network := range map[string]*scripted{
		"blazeface":  answering([]int64{1, 3, 128, 128}, rows(16), rows(1)),
		"ssd":        answering([]int64{1, 3, 300, 300}, rows(2), rows(4)),
		"ultraface":  answering([]int64{1, 3, 240, 320}, rows(2), rows(4)),
		"yolov5face": answering([]int64{1, 3, 320, 320}, rows(16)),
	} {
		if _, err := detect.Open(backend, []detect.Network{network}, detect.Options{Side: 512}); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: %v, want it to be invalid", backend, err)
		}
	}
}

// A network that has gone wrong may answer with no numbers.
func TestAnswersThatAreNoNumbers(t *testing.T) {
	t.Parallel()
	nan := float32(0)
	nan /= nan
	network := answering([]int64{1, 3, 240, 320}, rows(2, 0, 1, 0, nan), rows(4, nan, 0, 1, 1, 0, 0, 1, 1))
	detector, err := detect.Open("ultraface", []detect.Network{network}, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := detector.Detect(context.Background(), uniform(t, 40, 30, orange)); err == nil {
		t.Errorf("found %v, want an error", found)
	}
}
