package detect_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// answering is a network that declares the shapes that it takes and gives.
func answering(input []int64, answer ...ort.Tensor) *scripted {
	s := &scripted{inputs: []ort.Port{{Name: "input", Shape: input}}, answer: answer}
	for i, t := range answer {
		s.outputs = append(s.outputs, ort.Port{Name: string('a' + rune(i)), Shape: t.Shape})
	}
	return s
}

// untold leaves the shapes of a network's outputs open.
func untold(s *scripted) *scripted {
	for i, p := range s.outputs {
		s.outputs[i].Shape = slices.Repeat([]int64{-1}, len(p.Shape))
	}
	return s
}

// rows is a tensor of candidates of one width.
func rows(width int, values ...float32) ort.Tensor {
	return ort.Tensor{Shape: []int64{1, int64(len(values) / width), int64(width)}, Data: values}
}

// detectWith opens a backend on networks and looks at a photograph.
func detectWith(t *testing.T, backend string, o detect.Options, photo *cv.Image, networks ...detect.Network) []face.Detection {
	t.Helper()
	detector, err := detect.Open(backend, networks, o)
	if err != nil {
		t.Fatal(err)
	}
	found, err := detector.Detect(context.Background(), photo)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// uniform is a photograph of one colour.
func uniform(t *testing.T, w, h int, c color.RGBA) *cv.Image {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	photo, err := cv.Decode(b.Bytes(), limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, photo.Close()) })
	return photo
}

// orange tells the channels apart.
var orange = color.RGBA{R: 230, G: 130, B: 30, A: 255}

// wantDetections compares to a thousandth of a pixel.
func wantDetections(t *testing.T, got, want []face.Detection) {
	t.Helper()
	near := func(a, b float32) bool { return abs(a-b) < 1e-3 }
	if !slices.EqualFunc(got, want, func(g, w face.Detection) bool {
		return near(g.Box.X1, w.Box.X1) && near(g.Box.Y1, w.Box.Y1) && near(g.Box.X2, w.Box.X2) && near(g.Box.Y2, w.Box.Y2) &&
			near(g.Confidence, w.Confidence) &&
			slices.EqualFunc(g.Landmarks, w.Landmarks, func(p, q face.Point) bool { return near(p.X, q.X) && near(p.Y, q.Y) })
	}) {
		t.Errorf("found %+v\nwant  %+v", got, want)
	}
}

// wantChannels checks the first three channels of a network's input at a pixel.
func wantChannels(t *testing.T, in ort.Tensor, x, y int, want [3]float32) {
	t.Helper()
	for c, w := range want {
		at := (c*int(in.Shape[2])+y)*int(in.Shape[3]) + x
		if in.Shape[3] == 3 {
			at = (y*int(in.Shape[2])+x)*3 + c
		}
		if got := in.Data[at]; abs(got-w) > 1e-3 {
			t.Errorf("input at %d,%d: channel %d is %v, want %v", x, y, c, got, w)
		}
	}
}
