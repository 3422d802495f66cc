// Package detect finds faces: one file per detector backend behind one
// Detector.
package detect

import (
	"context"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// Detector finds the faces of a photograph. It may be used by several
// goroutines at once; whoever opened it closes it when they are done.
type Detector interface {
	// Detect returns the faces, the most confident first, in pixels of the
	// photograph. A photograph without faces is no error.
	Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error)
	// Landmarks is how many points each detection carries when all goes well:
	// 5, 4, 2 or 0; see face.Landmarks.
	Landmarks() int
	// Sees is the size, in pixels, to which a photograph of the given size is
	// scaled before it is looked at. A finer photograph changes next to nothing
	// but the time.
	Sees(photo image.Point) image.Point
	Close() error
}

// Network is a graph that is ready to run: an *ort.Session, or what stands
// before one to watch it.
type Network interface {
	Inputs() []ort.Port
	Outputs() []ort.Port
	Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error)
	Close() error
}

// Options adjust a detector.
type Options struct {
	// Side is the longer side of the network's input, in pixels. A larger one
	// finds smaller faces and takes longer, by the square. Defaults to the
	// backend's own.
	Side int
	// Confidence is the least that a detection needs, in [0,1]. Defaults to the
	// backend's own in the profile.
	Confidence float32
	// Profile is face.Native, which reads the network as its authors do, or
	// face.DeepFace, which reads it as DeepFace does. Defaults to face.Native.
	Profile face.Profile
}

func (o Options) validate() error {
	switch {
	case o.Side < 0 || o.Side > maxSide:
		return face.Errorf(face.Invalid, "detector input of %d pixels a side: use %d to %d, or 0 for the detector's own", o.Side, minSide, maxSide)
	case o.Side > 0 && o.Side < minSide:
		return face.Errorf(face.Invalid, "detector input of %d pixels a side: use at least %d", o.Side, minSide)
	case !(o.Confidence >= 0 && o.Confidence < 1):
		return face.Errorf(face.Invalid, "least confidence %g: use 0 to less than 1", o.Confidence)
	case o.Profile != "" && o.Profile != face.Native && o.Profile != face.DeepFace:
		return face.Errorf(face.Invalid, "profile %q: use %s or %s", o.Profile, face.Native, face.DeepFace)
	}
	return nil
}

// Bounds of Options.Side. A network of 8,192 pixels a side takes some
// gigabytes.
const (
	minSide = 64
	maxSide = 8192
)

// deepface says whether the detector is to be read as DeepFace reads it.
func (o Options) deepface() bool { return o.Profile == face.DeepFace }

// least is the confidence to ask for: the caller's, or else the backend's in
// the profile.
func (o Options) least(native, deepface float32) float32 {
	switch {
	case o.Confidence > 0:
		return o.Confidence
	case o.deepface():
		return deepface
	default:
		return native
	}
}
