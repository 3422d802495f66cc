package cv

import (
	"image"
	"testing"

	"gocv.io/x/gocv"
)

// Over is a picture of three channels whose pixels are the given memory, for
// tests. It is closed at the test's end.
func Over(t *testing.T, pixels []byte, size image.Point) *Image {
	t.Helper()
	mat, err := gocv.NewMatFromBytes(size.Y, size.X, gocv.MatTypeCV8UC3, pixels)
	if err != nil {
		t.Fatal(err)
	}
	m := own(mat)
	t.Cleanup(func() { m.Close() })
	return m
}
