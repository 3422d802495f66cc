package cv_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// slope is a picture without edges, so that lossy kinds keep it: red grows to
// the right, green downwards, blue with both.
func slope(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{byte(40 + 160*x/w), byte(50 + 150*y/h), byte(60 + 50*x/w + 70*y/h), 255})
		}
	}
	return m
}

// copied is a picture in another of Go's types.
func copied[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](m image.Image, into T) T {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			into.Set(x, y, m.At(x, y))
		}
	}
	return into
}

// rgba copies a picture out of OpenCV's memory and closes it.
func rgba(t *testing.T, m *cv.Image, err error) *image.RGBA {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out, err := m.RGBA()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func decoded(t *testing.T, data []byte) *image.RGBA {
	t.Helper()
	m, err := cv.Decode(data, limits)
	return rgba(t, m, err)
}

// difference is the largest between two pictures, in levels of any channel of
// any pixel; pictures of different sizes end the test.
func difference(t *testing.T, a, b image.Image) int {
	t.Helper()
	if a.Bounds() != b.Bounds() {
		t.Fatalf("got a picture of %v, want %v", a.Bounds(), b.Bounds())
	}
	most := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1>>8) - int(r2>>8), int(g1>>8) - int(g2>>8), int(b1>>8) - int(b2>>8)} {
				most = max(most, d, -d)
			}
		}
	}
	return most
}
