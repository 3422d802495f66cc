//go:build dlib

package detect

import (
	"context"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/internal/face"
)

// WithDlib says whether this program was built with dlib.
const WithDlib = true

// dlib's frontal face detector and one of its shape predictors, with the
// upsampling and threshold of dlib's own examples and of DeepFace.
type dlibHOG struct {
	detector  *dlib.Detector
	side      int     // of the photograph's longer side, in pixels; more are not looked at
	threshold float64 // the least margin
	deepface  bool
}

const (
	dlibUpsample = 1    // finds faces of 40 pixels and more
	dlibSide     = 1280 // pixels of the photograph's longer side
	dlibLongest  = 8192 // likewise, in DeepFace's reading, which knows no limit
)

// OpenDlib reads a shape predictor of dlib for 5 points, which gives the two
// eyes, or for 68, which gives five landmarks. The caller closes the detector.
// Options.Side is the longer side of the photograph that is looked at; larger
// ones are reduced to it. A photograph that would have more than
// dlib.MaxPixels after upsampling is not upsampled: of it, faces below 80
// pixels are not found.
//
// The detector's margin m has no bounds. Natively the confidence is 1/(1+exp(-m)),
// 0.5 on the boundary, which is the least by default; below 0.27 (a margin of
// dlib.MinThreshold) Options.Confidence changes nothing. In DeepFace's reading
// it is m clipped to [0,1].
func OpenDlib(predictor string, o Options) (Detector, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	detector, err := dlib.Load(predictor)
	if err != nil {
		return nil, err
	}
	least := float64(o.least(0.5, 0))
	if o.deepface() {
		return &dlibHOG{detector, dlibLongest, least, true}, nil
	}
	margin := math.Log(least / (1 - least))
	return &dlibHOG{detector, sideOf(o, dlibSide), max(margin, dlib.MinThreshold), false}, nil
}

func (d *dlibHOG) Sees(photo image.Point) image.Point { return reduced(photo, d.side) }

func (d *dlibHOG) Close() error { return d.detector.Close() }

func (d *dlibHOG) Landmarks() int {
	if d.detector.Points() == 5 {
		return 2
	}
	return 5
}

func (d *dlibHOG) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	size := image.Pt(photo.Width(), photo.Height())
	f := frame{scaled: size, back: face.Point{X: 1, Y: 1}}
	if max(size.X, size.Y) > d.side {
		f = rounded(size, d.side)
		small, err := photo.Resize(f.scaled.X, f.scaled.Y, cv.Area)
		if err != nil {
			return nil, err
		}
		defer small.Close()
		photo = small
	}
	faces, err := d.faces(ctx, photo)
	if err != nil {
		return nil, err
	}
	found := make([]face.Detection, len(faces))
	for i, one := range faces {
		found[i] = f.detection(d.read(one, photo.Bounds()))
	}
	return byConfidence(found), nil
}

func (d *dlibHOG) faces(ctx context.Context, photo *cv.Image) ([]dlib.Face, error) {
	pixels, err := photo.Pixels()
	if err != nil {
		return nil, err
	}
	if !d.deepface { // DeepFace hands over blue, green, red
		pixels = reversed(pixels)
	}
	upsample := dlibUpsample
	if !dlib.Fits(photo.Width(), photo.Height(), upsample) {
		upsample = 0
	}
	if err := ctx.Err(); err != nil { // dlib cannot be stopped later
		return nil, err
	}
	return d.detector.Detect(pixels, photo.Width(), photo.Height(), upsample, d.threshold)
}

// reversed copies pixels of three bytes with the bytes of each in reverse order.
func reversed(pixels []byte) []byte {
	out := make([]byte, len(pixels))
	for i := 2; i < len(pixels); i += 3 {
		out[i-2], out[i-1], out[i] = pixels[i], pixels[i-1], pixels[i-2]
	}
	return out
}

// read turns a face of dlib into a detection, in pixels of the picture that
// dlib saw.
func (d *dlibHOG) read(f dlib.Face, picture image.Rectangle) face.Detection {
	if !d.deepface {
		margin := float32(f.Score)
		return face.Detection{Box: boxOf(f.Box), Confidence: 1 / (1 + exp32(-margin)), Landmarks: dlibLandmarks(f.Points)}
	}
	// DeepFace (deepface/models/face_detection/Dlib.py) cuts the box at the
	// picture's borders and takes dlib's last column and row, which belong to
	// the box, for its far sides.
	box := f.Box
	box.Max = box.Max.Sub(image.Pt(1, 1))
	return face.Detection{
		Box: boxOf(box.Intersect(picture)), Confidence: clip01(float32(f.Score)), Landmarks: dlibDeepFaceLandmarks(f.Points),
	}
}

// dlibLandmarks reads 5 points (two corners of each eye, the person's left one
// first, and the bottom of the nose) or 68 (those of iBUG's 300-W; Sagonas et
// al. 2013), where an eye is the mean of its six points.
func dlibLandmarks(p []image.Point) face.Landmarks {
	if len(p) == 5 {
		return face.Landmarks{meanOf(p[2:4]), meanOf(p[0:2])}
	}
	return face.Landmarks{meanOf(p[36:42]), meanOf(p[42:48]), meanOf(p[30:31]), meanOf(p[48:49]), meanOf(p[54:55])}
}

// dlibDeepFaceLandmarks puts the eyes at the middle of their corners, at whole
// pixels, as DeepFace does with 5 points.
func dlibDeepFaceLandmarks(p []image.Point) face.Landmarks {
	marks := dlibLandmarks(p)
	if len(p) == 68 {
		marks[0], marks[1] = meanOf([]image.Point{p[36], p[39]}), meanOf([]image.Point{p[42], p[45]})
	}
	for i, eye := range marks[:2] {
		marks[i] = face.Point{X: float32(math.Floor(float64(eye.X))), Y: float32(math.Floor(float64(eye.Y)))}
	}
	return marks
}

func meanOf(points []image.Point) face.Point {
	var sum image.Point
	for _, p := range points {
		sum = sum.Add(p)
	}
	n := float32(len(points))
	return face.Point{X: float32(sum.X) / n, Y: float32(sum.Y) / n}
}
