//go:build dlib

package detect_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// dlib68 is where Debian's libdlib-data puts the predictor for 68 points.
const dlib68 = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"

// dlib5 writes a predictor for 5 points, whose eyes lie at half the height of
// the box and at 0.25 and 0.75 of its width.
func dlib5(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "five.dat")
	shape := []face.Point{{X: 0.875, Y: 0.5}, {X: 0.625, Y: 0.5}, {X: 0.125, Y: 0.5}, {X: 0.375, Y: 0.5}, {X: 0.5, Y: 0.75}}
	if err := os.WriteFile(path, dlibtest.Predictor(shape), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openDlib(t *testing.T, predictor string, o detect.Options) detect.Detector {
	t.Helper()
	d, err := detect.OpenDlib(predictor, o)
	if err != nil {
		t.Fatalf("%v; scripts/setup.sh dlib installs it", err)
	}
	t.Cleanup(func() { golden.Check(t, d.Close()) })
	return d
}

func find(t *testing.T, d detect.Detector, photo *cv.Image) []face.Detection {
	t.Helper()
	found, err := d.Detect(context.Background(), photo)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// facesOf is what SCRFD finds in a photograph.
func facesOf(t *testing.T, name string) []face.Detection {
	t.Helper()
	var found []face.Detection
	for _, w := range golden.Load(t).Photos[name].Detect["scrfd_500m_bnkps"] {
		found = append(found, face.Detection{
			Box:       face.Box{X1: w.Box[0], Y1: w.Box[1], X2: w.Box[2], Y2: w.Box[3]},
			Landmarks: golden.Points(w.Landmarks),
		})
	}
	return found
}

// overlapping is the detection that overlaps most with a box.
func overlapping(found []face.Detection, box face.Box) (best face.Detection, iou float32) {
	for _, d := range found {
		if o := overlap(d.Box, box); o > iou {
			best, iou = d, o
		}
	}
	return best, iou
}

// Every face is found, and no other. dlib's boxes are square and end above the
// chin, so that they share 0.6 to 0.7 with SCRFD's; landmarks lie within 0.12 of
// the distance of the eyes.
func TestDlibFindsTheFaces(t *testing.T) {
	t.Parallel()
	d := openDlib(t, dlib68, detect.Options{})
	for _, name := range []string{"img1.jpg", "img13.jpg", "couple.jpg"} {
		found, want := find(t, d, decode(t, golden.PhotoPath(t, name))), facesOf(t, name)
		if len(found) != len(want) || d.Landmarks() != 5 {
			t.Errorf("%s: %d faces of %d landmarks, want %d of 5", name, len(found), d.Landmarks(), len(want))
		}
		for _, w := range want {
			got, iou := overlapping(found, w.Box)
			if iou < 0.4 || !(got.Confidence > 0.5 && got.Confidence < 1) {
				t.Errorf("%s: best %v, IoU %.2f with %v", name, got, iou, w.Box)
				continue
			}
			compareMarks(t, name, got.Landmarks, w.Landmarks, 0.12)
		}
	}
}

// compareMarks allows a share of the distance of the eyes between landmarks.
func compareMarks(t *testing.T, name string, got, want face.Landmarks, share float64) {
	t.Helper()
	eyes := want[0].Distance(want[1])
	for k, p := range got {
		if off := p.Distance(want[k]); off > share*eyes {
			t.Errorf("%s: landmark %d at %v is %.2f eye distances from %v", name, k, p, off/eyes, want[k])
		}
	}
}

// In the mirror image left and right change places: the left eye is always the
// picture's.
func TestDlibInTheMirror(t *testing.T) {
	t.Parallel()
	d := openDlib(t, dlib68, detect.Options{Side: 640})
	photo := decode(t, golden.PhotoPath(t, "img24.jpg"))
	last := float64(photo.Width() - 1)
	mirror, err := photo.Warp(cv.Affine{A: -1, C: last, E: 1}, photo.Width(), photo.Height())
	if err != nil {
		t.Fatal(err)
	}
	defer mirror.Close()
	found, mirrored := find(t, d, photo), find(t, d, mirror)
	if len(found) != 1 || len(mirrored) != 1 {
		t.Fatalf("%d and %d faces, want one", len(found), len(mirrored))
	}
	marks, want := mirrored[0].Landmarks, make(face.Landmarks, 5)
	for to, from := range []int{1, 0, 2, 4, 3} {
		p := found[0].Landmarks[from]
		want[to] = face.Point{X: float32(last) - p.X, Y: p.Y}
	}
	for _, m := range []face.Landmarks{marks, want} {
		if m[0].X >= m[1].X || m[3].X >= m[4].X {
			t.Errorf("the left eye or mouth corner lies right: %v", m)
		}
	}
	compareMarks(t, "mirror", marks, want, 0.1)
}

// DeepFace gives whole pixels inside the photograph and clips the margin.
func TestDlibAsDeepFace(t *testing.T) {
	t.Parallel()
	const name = "selfie-many-people.jpg"
	photo := decode(t, golden.PhotoPath(t, name))
	native := find(t, openDlib(t, dlib68, detect.Options{}), photo)
	found := find(t, openDlib(t, dlib68, detect.Options{Profile: face.DeepFace}), photo)
	if len(found) != len(native) || len(found) < 3 {
		t.Fatalf("%d faces, natively %d", len(found), len(native))
	}
	sure := 0
	for _, got := range found {
		same, iou := overlapping(native, got.Box)
		margin := math.Log(float64(same.Confidence / (1 - same.Confidence)))
		if want := min(margin, 1); iou < 0.8 || math.Abs(float64(got.Confidence)-want) > 0.01 {
			t.Errorf("confidence %g, natively %g; IoU %.2f", got.Confidence, same.Confidence, iou)
		}
		if got.Confidence == 1 {
			sure++
		}
		compareMarks(t, name, got.Landmarks, same.Landmarks, 0.1)
		for _, v := range []float32{got.Box.X1, got.Box.Y1, got.Box.X2, got.Box.Y2, got.Landmarks[0].X, got.Landmarks[1].Y} {
			if v < 0 || v > 604 || v != float32(int(v)) {
				t.Errorf("%g of %v is not a pixel of the photograph", v, got)
			}
		}
	}
	if sure == 0 || sure == len(found) {
		t.Errorf("%d of %d faces are sure", sure, len(found))
	}
}

// DeepFace shows dlib the photograph with red and blue exchanged, which changes
// margins by about 0.001.
func TestDlibColourOrder(t *testing.T) {
	t.Parallel()
	photo := decode(t, golden.PhotoPath(t, "selfie-many-people.jpg"))
	rgba, err := photo.RGBA()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i], rgba.Pix[i+2] = rgba.Pix[i+2], rgba.Pix[i]
	}
	path := filepath.Join(t.TempDir(), "exchanged.png")
	var file bytes.Buffer
	if err := errors.Join(png.Encode(&file, rgba), os.WriteFile(path, file.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	native := openDlib(t, dlib5(t), detect.Options{})
	exchanged, straight := find(t, native, decode(t, path)), find(t, native, photo)
	found := find(t, openDlib(t, dlib5(t), detect.Options{Profile: face.DeepFace}), photo)
	last := len(found) - 1 // whose margin is below 1, so that it is not clipped
	if len(exchanged) != len(found) || len(straight) != len(found) || found[last].Confidence == 1 {
		t.Fatalf("%d, %d and %d faces", len(exchanged), len(straight), len(found))
	}
	off := func(d face.Detection) float64 {
		return math.Abs(float64(found[last].Confidence) - math.Log(float64(d.Confidence/(1-d.Confidence))))
	}
	if off(exchanged[last]) > 1e-5 || off(straight[last]) < 1e-5 {
		t.Errorf("margin off by %g with exchanged colours, by %g with the right ones", off(exchanged[last]), off(straight[last]))
	}
}

// With five points there are two eyes.
func TestDlibFivePointPredictor(t *testing.T) {
	t.Parallel()
	d := openDlib(t, dlib5(t), detect.Options{Side: 480})
	found := find(t, d, decode(t, golden.PhotoPath(t, "img24.jpg")))
	if len(found) != 1 || len(found[0].Landmarks) != 2 || d.Landmarks() != 2 || d.Sees(image.Pt(960, 480)) != image.Pt(480, 240) {
		t.Fatalf("got %v", found)
	}
	box := found[0].Box
	at := func(share float32) face.Point {
		return face.Point{X: box.X1 + share*box.Width(), Y: box.Y1 + 0.5*box.Height()}
	}
	// dlib's points are whole pixels of a picture that is reduced 2.5 times.
	for i, want := range []face.Point{at(0.25), at(0.75)} {
		if got := found[0].Landmarks[i]; got.Distance(want) > 4 {
			t.Errorf("eye %d at %v, want %v", i, got, want)
		}
	}
}

func TestDlibConfidence(t *testing.T) {
	t.Parallel()
	photo, predictor := decode(t, golden.PhotoPath(t, "selfie-many-people.jpg")), dlib5(t)
	for _, profile := range []face.Profile{face.Native, face.DeepFace} {
		all := find(t, openDlib(t, predictor, detect.Options{Profile: profile}), photo)
		if len(all) < 3 {
			t.Fatalf("%s: %d faces", profile, len(all))
		}
		least := (all[len(all)-1].Confidence + all[len(all)-2].Confidence) / 2
		some := find(t, openDlib(t, predictor, detect.Options{Profile: profile, Confidence: least}), photo)
		if len(some) != len(all)-1 || some[len(some)-1].Confidence < least {
			t.Errorf("%s: %d faces of at least %g, of %d", profile, len(some), least, len(all))
		}
	}
	few := find(t, openDlib(t, predictor, detect.Options{Confidence: 1e-6}), photo)
	if least := few[len(few)-1].Confidence; len(few) > 100 || least < 0.26 {
		t.Errorf("%d faces, the last of %g, where little is asked for", len(few), least)
	}
}

// This test is not parallel: others open detectors.
func TestDlibErrors(t *testing.T) {
	before, photo := dlib.Open(), decode(t, golden.PhotoPath(t, "selfie-many-people.jpg"))
	if d, err := detect.OpenDlib(filepath.Join(t.TempDir(), "none.dat"), detect.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing predictor: %v, %v", d, err)
	}
	if _, err := detect.OpenDlib(dlib68, detect.Options{Side: 3}); face.CodeOf(err) != face.Invalid {
		t.Errorf("a picture of 3 pixels: %v", err)
	}
	d, err := detect.OpenDlib(dlib68, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Detect(ended, photo); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	golden.Check(t, errors.Join(d.Close(), d.Close()))
	if _, err := d.Detect(context.Background(), photo); err == nil {
		t.Error("a closed detector looks")
	}
	if n := dlib.Open() - before; n != 0 {
		t.Errorf("%d detectors are left open", n)
	}
}
