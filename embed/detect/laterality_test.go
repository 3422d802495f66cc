package detect_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// A detector that gave a face's points from right to left would have them fit
// its mirror image, but not the face. The networks are not symmetric: up to 10 %
// of the distance of the eyes was measured, of yunet_s_dynamic.
func TestLandmarksGoFromLeftToRight(t *testing.T) {
	t.Parallel()
	photo := decode(t, golden.PhotoPath(t, "img1.jpg"))
	mirrored := mirror(t, photo)
	for weights := range weightsOf {
		t.Run(weights, func(t *testing.T) {
			t.Parallel()
			detector := openDetector(t, weights, detect.Options{})
			if detector.Landmarks() == 0 {
				t.Skip("it gives no landmarks")
			}
			one, other := onlyLandmarks(t, detector, photo), onlyLandmarks(t, detector, mirrored)
			if one[0].X >= one[1].X || other[0].X >= other[1].X {
				t.Errorf("the left eye lies right of the right one: %v, mirrored %v", one, other)
			}
			back := mirrorLandmarks(other, float32(photo.Width()))
			for k := range one {
				if off := one[k].Distance(back[k]); off > 0.15*one[0].Distance(one[1]) {
					t.Errorf("landmark %d is %.1f pixels from where it is in the mirror, %v", k, off, one)
				}
			}
		})
	}
}

// onlyLandmarks are those of the picture's only face.
func onlyLandmarks(t *testing.T, detector detect.Detector, photo *cv.Image) face.Landmarks {
	t.Helper()
	found, err := detector.Detect(context.Background(), photo)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || len(found[0].Landmarks) != detector.Landmarks() {
		t.Fatalf("found %v, want one face of %d landmarks", found, detector.Landmarks())
	}
	return found[0].Landmarks
}

// mirrorLandmarks gives the points of a face in a picture of the given width
// their places and names in its mirror image.
func mirrorLandmarks(marks face.Landmarks, width float32) face.Landmarks {
	names := map[int][]int{2: {1, 0}, 4: {1, 0, 2, 3}, 5: {1, 0, 2, 4, 3}}[len(marks)]
	out := make(face.Landmarks, len(marks))
	for k, p := range marks {
		out[names[k]] = face.Point{X: width - p.X, Y: p.Y}
	}
	return out
}

// mirror turns left and right round.
func mirror(t *testing.T, photo *cv.Image) *cv.Image {
	t.Helper()
	from, err := photo.RGBA()
	if err != nil {
		t.Fatal(err)
	}
	to := image.NewRGBA(from.Bounds())
	for y := range photo.Height() {
		for x := range photo.Width() {
			to.SetRGBA(photo.Width()-1-x, y, from.RGBAAt(x, y))
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, to); err != nil {
		t.Fatal(err)
	}
	out, err := cv.Decode(b.Bytes(), limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, out.Close()) })
	return out
}

// The cascades find the same two eyes in a face and in its mirror image.
func TestHaarEyesGoFromLeftToRight(t *testing.T) {
	t.Parallel()
	photo := decode(t, golden.PhotoPath(t, "img13.jpg"))
	for _, profile := range []face.Profile{face.Native, face.DeepFace} {
		detector, err := detect.OpenHaar("/usr/share/opencv4/haarcascades", detect.Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { golden.Check(t, detector.Close()) })
		one, other := eyesOf(t, detector, photo), eyesOf(t, detector, mirror(t, photo))
		back := mirrorLandmarks(other, float32(photo.Width()))
		for k := range one {
			if off := one[k].Distance(back[k]); one[0].X >= one[1].X || off > 0.15*one[0].Distance(one[1]) {
				t.Errorf("%s: eye %d at %v, in the mirror %v", profile, k, one[k], back[k])
			}
		}
	}
}

// eyesOf are those of the most prominent face.
func eyesOf(t *testing.T, detector detect.Detector, photo *cv.Image) face.Landmarks {
	t.Helper()
	found, err := detector.Detect(context.Background(), photo)
	if err != nil || len(found) == 0 {
		t.Fatalf("%d faces, %v", len(found), err)
	}
	marks := found[face.MostProminent(found, photo.Width(), photo.Height())].Landmarks
	if len(marks) != 2 {
		t.Fatalf("found %v, want two eyes", found)
	}
	return marks
}
