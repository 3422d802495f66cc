package align

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open(); n != 0 {
		println("pictures left open:", n)
		code = 1
	}
	os.Exit(code)
}

// A known turn, scale and shift must come back, whatever the number of points.
func TestSimilarityRecoversTheMap(t *testing.T) {
	t.Parallel()
	sin, cos := math.Sincos(0.4)
	want := cv.Affine{A: 2 * cos, B: -2 * sin, C: 10, D: 2 * sin, E: 2 * cos, F: -7}
	src := template[:]
	dst := make([]face.Point, len(src))
	for i, p := range src {
		dst[i] = apply(want, p)
	}
	for _, n := range []int{2, 5} {
		got, ok := similarity(src[:n], dst[:n])
		if !ok || distance(got, want) > 1e-4 {
			t.Errorf("%d points: got %+v, want %+v", n, got, want)
		}
	}
}

// A mirrored face must be turned, never reflected: the determinant of the
// linear part stays positive (Umeyama 1991).
func TestSimilarityDoesNotReflect(t *testing.T) {
	t.Parallel()
	mirrored := make([]face.Point, len(template))
	for i, p := range template {
		mirrored[i] = face.Point{X: Side - p.X, Y: p.Y}
	}
	got, ok := similarity(mirrored, template[:])
	if !ok || got.A*got.E-got.B*got.D <= 0 {
		t.Errorf("mirrored points give %+v", got)
	}
}

func TestCoincidentPointsAreRefused(t *testing.T) {
	t.Parallel()
	same := make(face.Landmarks, 5)
	if _, ok := similarity(same, template[:]); ok {
		t.Error("five points on one place were aligned")
	}
	photo := picture(t, image.NewRGBA(image.Rect(0, 0, 4, 4)))
	defer photo.Close()
	if _, err := Face(photo, face.Detection{Landmarks: same}); face.CodeOf(err) != face.Invalid {
		t.Errorf("got %v", err)
	}
}

// The reference is OpenCV's and scikit-image's Umeyama; entries of the matrix
// are compared to 1e-4 of the face's scale and shifts to 0.01 pixels.
func TestSimilarityMatchesTheReference(t *testing.T) {
	t.Parallel()
	compared := 0
	for name, photo := range golden.Load(t).Photos {
		for i, f := range photo.Faces {
			got, ok := similarity(golden.Points(f.Landmarks), template[:])
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

// An upright face whose landmarks lie on the template is cut out unchanged.
func TestFaceOnTheTemplateStaysAsItIs(t *testing.T) {
	t.Parallel()
	grey := image.NewGray(image.Rect(0, 0, Side, Side))
	for i := range grey.Pix {
		grey.Pix[i] = byte(i * 31)
	}
	photo := picture(t, grey)
	defer photo.Close()
	aligned, err := Face(photo, face.Detection{Landmarks: template[:]})
	if err != nil {
		t.Fatal(err)
	}
	defer aligned.Close()
	got, err := aligned.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if d := int(got[i]) - int(grey.Pix[i/3]); d < -1 || d > 1 {
			t.Fatalf("byte %d is %d, want %d", i, got[i], grey.Pix[i/3])
		}
	}
}

func picture(t *testing.T, m image.Image) *cv.Image {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	photo, err := cv.Decode(b.Bytes(), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

func apply(m cv.Affine, p face.Point) face.Point {
	x, y := float64(p.X), float64(p.Y)
	return face.Point{X: float32(m.A*x + m.B*y + m.C), Y: float32(m.D*x + m.E*y + m.F)}
}

// distance is the largest difference of two maps' entries.
func distance(a, b cv.Affine) float64 {
	worst := 0.0
	for _, d := range []float64{a.A - b.A, a.B - b.B, a.C - b.C, a.D - b.D, a.E - b.E, a.F - b.F} {
		worst = max(worst, math.Abs(d))
	}
	return worst
}
