package detect

import (
	"context"
	"errors"
	"image"
	"path/filepath"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// The Haar cascades that OpenCV ships (Viola and Jones 2001; Lienhart and
// Maydt 2002), with DeepFace's ten neighbours and factor 1.1.
type haar struct {
	faces *cv.Cascade
	eyes  *Eyes
}

const (
	haarNeighbours = 10
	haarSimilar    = 0.2 // of the mean side, OpenCV's GROUP_EPS
	haarMinSide    = 30  // pixels, the size of the face cascade's window is 24
	haarLongSide   = 1280
	haarLargest    = 4096 // of the longer side as DeepFace reads it; the cascade takes 50 bytes a pixel
)

// OpenHaar reads the frontal face and eye cascades from OpenCV's directory of
// Haar cascades. The caller closes it. Options.Side is the longer side of the
// photograph that is looked at; larger ones are reduced to it.
func OpenHaar(dir string, o Options) (Detector, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	eyes, err := OpenEyes(dir)
	if err != nil {
		return nil, err
	}
	faces, err := cv.OpenCascade(filepath.Join(dir, "haarcascade_frontalface_default.xml"))
	if err != nil {
		return nil, errors.Join(err, eyes.Close())
	}
	if o.deepface() {
		return &haarDeepFace{haar{faces, eyes}}, nil
	}
	return &haarNative{haar{faces, eyes}, sideOf(o, haarLongSide), o.Confidence}, nil
}

func (h *haar) Landmarks() int { return 2 }

func (h *haar) Close() error { return errors.Join(h.faces.Close(), h.eyes.Close()) }

// haarNative knows how many windows support a face, and doubts eyes.
type haarNative struct {
	haar
	side  int
	least float32
}

func (h *haarNative) Sees(photo image.Point) image.Point { return reduced(photo, h.side) }

func (h *haarNative) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	grey, back, err := haarInput(photo, h.side)
	if err != nil {
		return nil, err
	}
	defer grey.Close()
	windows, err := h.faces.Windows(grey, haarMinSide, 0)
	if err != nil {
		return nil, err
	}
	var found []face.Detection
	for _, g := range groupWindows(rectangles(windows), haarNeighbours) {
		// A cascade has no probability: this is the share of its support that a
		// detection with no more than the least has not.
		confidence := float32(g.support) / float32(g.support+haarNeighbours)
		if confidence < h.least {
			continue
		}
		marks, err := h.eyes.plausible(grey, g.box)
		if err != nil {
			return nil, err
		}
		f := frame{back: face.Point{X: back, Y: back}}
		found = append(found, f.detection(face.Detection{Box: boxOf(g.box), Confidence: confidence, Landmarks: marks}))
	}
	return byConfidence(found), nil
}

func boxOf(r image.Rectangle) face.Box {
	return face.Box{X1: float32(r.Min.X), Y1: float32(r.Min.Y), X2: float32(r.Max.X), Y2: float32(r.Max.Y)}
}

// haarInput is the photograph in grey, no longer than side, and the factor that
// leads back to it.
func haarInput(photo *cv.Image, side int) (*cv.Image, float32, error) {
	long := max(photo.Width(), photo.Height())
	if long <= side {
		return photo.Grey(), 1, nil
	}
	back := float32(long) / float32(side)
	small, err := photo.Resize(max(1, int(float32(photo.Width())/back)), max(1, int(float32(photo.Height())/back)), cv.Area)
	if err != nil {
		return nil, 0, err
	}
	defer small.Close()
	return small.Grey(), back, nil
}

// haarDeepFace is what DeepFace makes of the cascades (deepface/models/
// face_detection/OpenCv.py): the whole photograph (up to haarLargest), the two
// largest eyes, and a confidence that falls as the cascade's weight rises.
type haarDeepFace struct{ haar }

func (h *haarDeepFace) Sees(photo image.Point) image.Point { return reduced(photo, haarLargest) }

func (h *haarDeepFace) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	grey, back, err := haarInput(photo, haarLargest)
	if err != nil {
		return nil, err
	}
	defer grey.Close()
	windows, err := h.faces.Windows(grey, 0, haarNeighbours)
	if err != nil {
		return nil, err
	}
	f := frame{back: face.Point{X: back, Y: back}}
	var found []face.Detection
	for _, w := range windows {
		marks, err := h.eyes.Largest(grey, w.Rect)
		if err != nil {
			return nil, err
		}
		found = append(found, f.detection(face.Detection{
			Box: boxOf(w.Rect), Confidence: clip01(float32(100-w.Weight) / 100), Landmarks: marks,
		}))
	}
	return byConfidence(found), nil
}
