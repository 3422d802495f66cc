//go:build dlib

package detect

import (
	"image"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// The person's left eye, which is the picture's right one, is the first of
// dlib's five points.
func TestDlibFivePoints(t *testing.T) {
	t.Parallel()
	points := []image.Point{{81, 30}, {70, 31}, {20, 31}, {31, 33}, {50, 60}}
	if got, want := dlibLandmarks(points), (face.Landmarks{{X: 25.5, Y: 32}, {X: 75.5, Y: 30.5}}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := dlibDeepFaceLandmarks(points), (face.Landmarks{{X: 25, Y: 32}, {X: 75, Y: 30}}); !slices.Equal(got, want) {
		t.Errorf("as DeepFace: got %v, want %v", got, want)
	}
	if got, want := dlibDeepFaceLandmarks([]image.Point{{0, 0}, {0, 0}, {-3, 0}, {-2, 1}, {0, 0}})[0], (face.Point{X: -3}); got != want {
		t.Errorf("left of the picture, as DeepFace: got %v, want %v", got, want)
	}
}

// Points of 300-W: 36 to 41 are the picture's left eye, 42 to 47 the right one,
// 30 the tip of the nose, 48 and 54 the corners of the mouth.
func TestDlibSixtyEightPoints(t *testing.T) {
	t.Parallel()
	points := make([]image.Point, 68)
	for i := range points {
		points[i] = image.Pt(i*i, -i)
	}
	// The means of the squares of 36 to 41 and of 42 to 47 are 38.5² and 44.5²
	// and 35/12 more.
	want := face.Landmarks{
		{X: 38.5*38.5 + 35.0/12, Y: -38.5}, {X: 44.5*44.5 + 35.0/12, Y: -44.5},
		{X: 900, Y: -30}, {X: 2304, Y: -48}, {X: 2916, Y: -54},
	}
	if got := dlibLandmarks(points); !slices.EqualFunc(got, want, func(a, b face.Point) bool { return a.Distance(b) < 0.01 }) {
		t.Errorf("got %v, want %v", got, want)
	}
	// The middles of the corners are (36²+39²)/2, -37.5 and (42²+45²)/2, -43.5.
	want[0], want[1] = face.Point{X: 1408, Y: -38}, face.Point{X: 1894, Y: -44}
	if got := dlibDeepFaceLandmarks(points); !slices.Equal(got, want) {
		t.Errorf("as DeepFace: got %v, want %v", got, want)
	}
}
