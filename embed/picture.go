package embed

import (
	"errors"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// picture is a photograph, decoded as finely as it was needed so far. Large
// JPEGs are decoded at a half, a quarter or an eighth of their size, which is
// faster and, for networks that look at less, as good.
type picture struct {
	source    *cv.Source
	image     *cv.Image
	reduction int // 1, 2, 4 or 8: the image's pixels stand for so many a side
	width     int // of the photograph, in pixels, as displayed
	height    int
	whole     bool // all of the photograph is taken for one face
}

// reductions are what a JPEG can be decoded at, the coarsest first.
var reductions = [...]int{8, 4, 2, 1}

// How many pixels a side a photograph is decoded to for each that the detector
// sees. For faces alone hardly less than one will do: a half-size JPEG of 600
// pixels serves an input of 640. Templates are to be those of the whole
// photograph, and detectors' references scale photographs down without smoothing
// them, so that landmarks move a little where the decoder has smoothed them; two
// leave most of that as it is.
const (
	forDetection = 0.9
	forTemplates = 2
)

// decodeFor reads a photograph as finely as the detector needs it, with so many
// pixels for each that it sees.
func (e *Embedder) decodeFor(data []byte, pixels float64) (*picture, error) {
	return e.decode(data, func(photo image.Point, reduction int) bool {
		sees := e.detector.Sees(photo)
		by := pixels * float64(reduction)
		return float64(photo.X) >= by*float64(sees.X) && float64(photo.Y) >= by*float64(sees.Y)
	})
}

// whole wants all pixels of a photograph.
func whole(_ image.Point, reduction int) bool { return reduction == 1 }

// decode reads a photograph at the strongest reduction that will do.
func (e *Embedder) decode(data []byte, enough func(photo image.Point, reduction int) bool) (*picture, error) {
	source, err := cv.Read(data, e.limits)
	if err != nil {
		return nil, decodeError(err)
	}
	p := &picture{source: source, whole: e.whole, width: source.Width(), height: source.Height()}
	if e.pad > 0 {
		enough = whole
	}
	if err := e.decodeAt(p, coarsest(func(r int) bool { return enough(image.Pt(p.width, p.height), r) })); err != nil {
		return nil, err
	}
	if e.pad > 0 {
		if err := p.padded(e.pad); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

// coarsest is the strongest reduction that will do.
func coarsest(enough func(reduction int) bool) int {
	for _, r := range reductions {
		if enough(r) {
			return r
		}
	}
	return 1
}

func (e *Embedder) decodeAt(p *picture, reduction int) error {
	if !p.source.Reduces() {
		reduction = 1
	}
	decoded, err := p.source.Decode(e.pool, reduction)
	if err != nil {
		return decodeError(err)
	}
	err = p.image.Close()
	p.image, p.reduction = decoded, reduction
	return err
}

// refine decodes the photograph anew where the reduction is stronger than the
// given one.
func (e *Embedder) refine(p *picture, reduction int) error {
	if p.reduction <= reduction {
		return nil
	}
	return e.decodeAt(p, reduction)
}

// padded puts black around the photograph. One that would then have a side that
// cannot be handled is face.TooLarge.
func (p *picture) padded(share float64) error {
	if side := int(float64(max(p.width, p.height)) * (1 + 2*share)); side > cv.MaxSide {
		return face.Errorf(face.TooLarge, "photograph of %dx%d pixels: with a margin it has a side of %d, at most %d are handled",
			p.width, p.height, side, cv.MaxSide)
	}
	wide, err := p.image.Pad(share)
	if err != nil {
		return decodeError(err)
	}
	err = p.image.Close()
	p.image, p.width, p.height = wide, wide.Width(), wide.Height()
	return err
}

// enlarge leads a detection in the image to the photograph.
func (p *picture) enlarge(d face.Detection) face.Detection {
	by := float32(p.reduction)
	at := func(q face.Point) face.Point { return face.Point{X: q.X * by, Y: q.Y * by} }
	low, high := at(face.Point{X: d.Box.X1, Y: d.Box.Y1}), at(face.Point{X: d.Box.X2, Y: d.Box.Y2})
	d.Box = face.Box{X1: low.X, Y1: low.Y, X2: high.X, Y2: high.Y}
	for i, q := range d.Landmarks {
		d.Landmarks[i] = at(q)
	}
	return d
}

// onImage makes a map of the photograph's pixels one of the image's. A pixel of
// the image is the mean of a block of the photograph's, at the block's middle.
func (p *picture) onImage(by cv.Affine) cv.Affine {
	r := float64(p.reduction)
	c, f := by.At((r-1)/2, (r-1)/2)
	return cv.Affine{A: by.A * r, B: by.B * r, C: c, D: by.D * r, E: by.E * r, F: f}
}

func (p *picture) Close() error { return p.image.Close() }

func decodeError(err error) error {
	for cause, code := range map[error]face.Code{
		cv.ErrEmpty: face.Empty, cv.ErrUnsupported: face.Unsupported,
		cv.ErrDamaged: face.Undecodable, cv.ErrTooLarge: face.TooLarge,
	} {
		if errors.Is(err, cause) {
			return face.Errorf(code, "%v", err)
		}
	}
	return face.Wrap(face.Internal, err, "decode the photograph")
}
