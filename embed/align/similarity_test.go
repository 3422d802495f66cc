package align

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// A known turn, scale and shift must come back, whatever the number of points.
func TestSimilarityRecoversTheMap(t *testing.T) {
	t.Parallel()
	sin, cos := math.Sincos(0.4)
	want := cv.Affine{A: 2 * cos, B: -2 * sin, C: 10, D: 2 * sin, E: 2 * cos, F: -7}
	for _, n := range []int{2, 4, 5} {
		src := ArcFace(Side).Points(n)
		got, ok := similarity(src, moved(want, src))
		if !ok || distance(got, want) > 1e-4 {
			t.Errorf("%d points: got %+v, want %+v", n, got, want)
		}
	}
}

// A mirrored face must be turned, never reflected: the determinant of the
// linear part stays positive (Umeyama 1991).
func TestSimilarityDoesNotReflect(t *testing.T) {
	t.Parallel()
	mirrors := map[string]cv.Affine{
		"left and right": {A: -1, C: Side, E: 1},
		"up and down":    {A: 1, E: -1, F: Side},
		"diagonally":     {B: 1, D: 1},
	}
	for name, mirror := range mirrors {
		for _, n := range []int{2, 4, 5} {
			to := ArcFace(Side).Points(n)
			got, ok := similarity(moved(mirror, to), to)
			if !ok || got.A*got.E-got.B*got.D <= 0 || got.A != got.E || got.B != -got.D {
				t.Errorf("%s, %d points: %+v is no turn", name, n, got)
			}
		}
	}
}

// A square and its mirror image correlate with no turn: at 0 degrees two
// corners lie right and two lie opposite, and so on.
func TestFiguresWithoutABestTurn(t *testing.T) {
	t.Parallel()
	square := []face.Point{{X: 1}, {Y: 1}, {X: -1}, {Y: -1}}
	mirrored := []face.Point{{X: 1}, {Y: -1}, {X: -1}, {Y: 1}}
	if got, ok := similarity(square, mirrored); ok {
		t.Errorf("got %+v", got)
	}
	if got, ok := similarity(square, make([]face.Point, 4)); ok {
		t.Errorf("onto one place: %+v", got)
	}
}

// The reference is OpenCV's and scikit-image's Umeyama; entries of the matrix
// are compared to 1e-4 of the face's scale and shifts to 0.01 pixels.
func TestSimilarityMatchesTheReference(t *testing.T) {
	t.Parallel()
	compared := 0
	for name, photo := range golden.Load(t).Photos {
		for i, f := range photo.Faces {
			got, ok := similarity(golden.Points(f.Landmarks), arcface[:])
			want := f.Affine
			reference := cv.Affine{A: want[0][0], B: want[0][1], C: want[0][2], D: want[1][0], E: want[1][1], F: want[1][2]}
			if !ok || math.Abs(got.A-reference.A) > 1e-5 || math.Abs(got.B-reference.B) > 1e-5 || distance(got, reference) > 0.01 {
				t.Errorf("%s face %d: got %+v, want %+v", name, i, got, reference)
			}
			compared++
		}
	}
	if compared < 10 {
		t.Errorf("compared %d faces only", compared)
	}
}
