package detect

import (
	"context"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// skip takes the whole photograph for one face, for pictures that are crops of
// faces already. As in DeepFace its confidence is 0: nothing was looked for.
type skip struct{}

// OpenSkip is the detector that does not look. Options out of range are
// face.Invalid all the same.
func OpenSkip(o Options) (Detector, error) { return skip{}, o.validate() }

func (skip) Landmarks() int { return 0 }

func (skip) Sees(photo image.Point) image.Point { return photo }

func (skip) Close() error { return nil }

func (skip) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	return []face.Detection{{Box: face.Box{X2: float32(photo.Width()), Y2: float32(photo.Height())}}}, ctx.Err()
}
