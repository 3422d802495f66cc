package detect

import (
	"context"
	"errors"
	"image"
	"path/filepath"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// The Haar cascades that OpenCV ships (Viola and Jones 2001; Lienhart and
// Maydt 2002), used as DeepFace uses them: ten neighbours, factor 1.1, the two
// largest eyes.
type haar struct {
	faces, eyes *cv.Cascade
}

const (
	haarNeighbours = 10
	haarSimilar    = 0.2 // of the mean side, OpenCV's GROUP_EPS
	haarMinSide    = 30  // pixels, the size of the face cascade's window is 24
	haarLongSide   = 1280
	haarFacePerEye = 8 // an eye's window is at least this part of the face's
)

// OpenHaar reads the frontal face and eye cascades from OpenCV's directory of
// Haar cascades. The caller closes it.
func OpenHaar(dir string) (Detector, error) {
	faces, err := cv.OpenCascade(filepath.Join(dir, "haarcascade_frontalface_default.xml"))
	if err != nil {
		return nil, err
	}
	eyes, err := cv.OpenCascade(filepath.Join(dir, "haarcascade_eye.xml"))
	if err != nil {
		return nil, errors.Join(err, faces.Close())
	}
	return &haar{faces, eyes}, nil
}

func (h *haar) Landmarks() int { return 2 }

func (h *haar) Close() error { return errors.Join(h.faces.Close(), h.eyes.Close()) }

func (h *haar) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	grey, back, err := haarInput(photo)
	if err != nil {
		return nil, err
	}
	defer grey.Close()
	windows, err := h.faces.Windows(grey, haarMinSide)
	if err != nil {
		return nil, err
	}
	var found []face.Detection
	for _, g := range groupWindows(windows, haarNeighbours) {
		marks, err := h.findEyes(grey, g.box)
		if err != nil {
			return nil, err
		}
		for i := range marks {
			marks[i] = face.Point{X: marks[i].X * back, Y: marks[i].Y * back}
		}
		found = append(found, face.Detection{
			Box: face.Box{
				X1: float32(g.box.Min.X) * back, Y1: float32(g.box.Min.Y) * back,
				X2: float32(g.box.Max.X) * back, Y2: float32(g.box.Max.Y) * back,
			},
			// A cascade has no probability: this is the share of its support
			// that a detection with no more than the least has not.
			Confidence: float32(g.support) / float32(g.support+haarNeighbours), Landmarks: marks,
		})
	}
	return byConfidence(found), nil
}

// haarInput is the photograph in grey, no longer than haarLongSide, and the
// factor that leads back to it.
func haarInput(photo *cv.Image) (*cv.Image, float32, error) {
	long := max(photo.Width(), photo.Height())
	if long <= haarLongSide {
		return photo.Grey(), 1, nil
	}
	back := float32(long) / haarLongSide
	small, err := photo.Resize(max(1, int(float32(photo.Width())/back)), max(1, int(float32(photo.Height())/back)), cv.Area)
	if err != nil {
		return nil, 0, err
	}
	defer small.Close()
	return small.Grey(), back, nil
}

// findEyes returns the two eyes in a face box of the grey picture, or nothing
// if there are not two that could be a face's.
func (h *haar) findEyes(grey *cv.Image, box image.Rectangle) (face.Landmarks, error) {
	crop, err := grey.Crop(box)
	if err != nil {
		return nil, err
	}
	defer crop.Close()
	windows, err := h.eyes.Windows(crop, box.Dx()/haarFacePerEye)
	if err != nil {
		return nil, err
	}
	groups := groupWindows(windows, haarNeighbours)
	if len(groups) < 2 {
		return nil, nil
	}
	slices.SortStableFunc(groups, func(a, b group) int { return b.box.Dx() - a.box.Dx() })
	left, right := groups[0].centre(), groups[1].centre()
	if right.X < left.X {
		left, right = right, left
	}
	if !plausibleEyes(left, right, box) {
		return nil, nil
	}
	offset := face.Point{X: float32(box.Min.X), Y: float32(box.Min.Y)}
	return face.Landmarks{
		{X: left.X + offset.X, Y: left.Y + offset.Y},
		{X: right.X + offset.X, Y: right.Y + offset.Y},
	}, nil
}

// plausibleEyes refuses what the eye cascade likes to take for an eye: a
// nostril, a mouth corner or a brow. The eyes of a frontal face lie in the upper
// 60 % of the cascade's box, 25 to 65 % of its width apart and tilted by no more
// than half of that.
func plausibleEyes(left, right face.Point, box image.Rectangle) bool {
	side := float32(box.Dx())
	dx, dy := right.X-left.X, right.Y-left.Y
	return max(left.Y, right.Y) < 0.6*side && dx > 0.25*side && dx < 0.65*side && max(dy, -dy) < dx/2
}
