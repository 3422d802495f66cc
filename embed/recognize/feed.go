package recognize

import (
	"fmt"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Input says what numbers a network takes: (x - Mean[c]) / Std[c] on each
// channel c, in the network's channel order.
type Input struct {
	RGB  bool // red, green, blue; the opposite otherwise
	Mean [3]float32
	Std  [3]float32
}

// Feed turns a crop into a network's numbers.
type Feed interface {
	// feed fills out, whose length is three for each pixel, in the network's
	// channel order: row by row with the channels of a pixel together, or else one
	// channel after the other.
	feed(crop *cv.Image, out []float32, together bool) error
	size() (width, height int) // of the network's picture, in pixels
}

// NativeFeed takes crops of the network's size; x are its bytes, 0 to 255.
func NativeFeed(width, height int, input Input) Feed {
	n := &native{width: width, height: height}
	for c := range 3 {
		n.from[c] = input.channel(c)
		for x := range n.values[c] {
			n.values[c][x] = (float32(x) - input.Mean[c]) / input.Std[c]
		}
	}
	return n
}

// channel is the one of a picture in blue, green, red that the network has in
// the given place.
func (in Input) channel(c int) int {
	if in.RGB {
		return 2 - c
	}
	return c
}

type native struct {
	width, height int
	from          [3]int // channel of the picture for each of the network's
	values        [3][256]float32
}

func (n *native) size() (width, height int) { return n.width, n.height }

func (n *native) feed(crop *cv.Image, out []float32, together bool) error {
	if crop.Width() != n.width || crop.Height() != n.height || crop.Channels() != 3 {
		return fmt.Errorf("crop of %dx%d pixels and %d channels, want %dx%d and 3",
			crop.Width(), crop.Height(), crop.Channels(), n.width, n.height)
	}
	pixels, err := crop.Pixels()
	if err != nil {
		return err
	}
	for c, from := range n.from {
		to, step := c*n.width*n.height, 1
		if together {
			to, step = c, 3
		}
		values := &n.values[c]
		for ; from < len(pixels); from, to = from+3, to+step {
			out[to] = values[pixels[from]]
		}
	}
	return nil
}

// DeepFaceConfig says how DeepFace feeds a network.
type DeepFaceConfig struct {
	Width, Height int // of the network's picture, in pixels
	// Input takes the crop's numbers after the normalisation.
	Input Input
	// Bytes has the numbers cut to whole ones from 0 to 255 before.
	Bytes bool
	// Normalization defaults to Base.
	Normalization Normalization
}

// DeepFaceFeed takes crops of any size and does what DeepFace does (deepface/
// modules/preprocessing.py, resize_image and normalize_input): the crop as
// numbers from 0 to 1 is letterboxed into the network's size, then normalised.
// It returns face.Invalid for a normalisation that is unknown, or that the
// network, which takes bytes, cannot have.
func DeepFaceFeed(cfg DeepFaceConfig) (Feed, error) {
	if cfg.Normalization == "" {
		cfg.Normalization = Base
	}
	if err := cfg.Normalization.Check(); err != nil {
		return nil, err
	}
	if cfg.Bytes && cfg.Normalization != Base {
		return nil, face.Errorf(face.Invalid, "normalization %s: this recogniser takes bytes, and so %s alone", cfg.Normalization, Base)
	}
	return deepface{cfg}, nil
}

type deepface struct{ DeepFaceConfig }

func (d deepface) size() (width, height int) { return d.Width, d.Height }

func (d deepface) feed(crop *cv.Image, out []float32, together bool) error {
	values, err := align.LetterboxFractions(crop, d.Width, d.Height)
	if face.CodeOf(err) == face.Invalid {
		return face.Wrap(face.NoFace, err, "a crop of %dx%d pixels cannot be a face", crop.Width(), crop.Height())
	}
	if err != nil {
		return err
	}
	d.Normalization.apply(values)
	if d.Bytes {
		for i, v := range values {
			values[i] = float32(int(255 * v)) // not rounded, as numpy's astype
		}
	}
	for c := range 3 {
		to, step := c*d.Width*d.Height, 1
		if together {
			to, step = c, 3
		}
		for from := d.Input.channel(c); from < len(values); from, to = from+3, to+step {
			out[to] = (values[from] - d.Input.Mean[c]) / d.Input.Std[c]
		}
	}
	return nil
}
