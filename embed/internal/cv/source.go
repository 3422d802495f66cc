package cv

import (
	"fmt"
	"image"
	"slices"
)

// Source is an encoded photograph whose kind and size are known and within the
// limits, and of which no pixel was decoded yet. It keeps the bytes it was read
// from, which must not change meanwhile. Several goroutines may use it.
type Source struct {
	data        []byte
	kind        kind
	config      image.Config // as stored, before turning
	orientation int          // of EXIF, 1 to 8
}

// Read finds out what an encoded photograph is: the kind from its content, the
// size from its header, so that the limits hold before any pixel is allocated.
// Of an animation (GIF, WebP, APNG) and of a TIFF of several pages the first
// picture counts. Errors wrap ErrEmpty, ErrUnsupported, ErrDamaged or
// ErrTooLarge.
func Read(data []byte, limits Limits) (*Source, error) {
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	if int64(len(data)) > limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(data), limits.Bytes)
	}
	kind, config, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if config.Width > MaxSide || config.Height > MaxSide || int64(config.Width)*int64(config.Height) > limits.Pixels {
		return nil, fmt.Errorf("%w: %dx%d pixels, at most %d pixels and %d a side are decoded",
			ErrTooLarge, config.Width, config.Height, limits.Pixels, MaxSide)
	}
	return &Source{data, kind, config, kind.orientation(data)}, nil
}

// Width is the number of columns of the whole picture as displayed, that is,
// after turning.
func (s *Source) Width() int { return s.displayed().X }

// Height is the number of rows of the whole picture as displayed.
func (s *Source) Height() int { return s.displayed().Y }

func (s *Source) displayed() image.Point {
	if s.orientation >= transposed {
		return image.Pt(s.config.Height, s.config.Width)
	}
	return image.Pt(s.config.Width, s.config.Height)
}

// Reduces says whether Decode heeds a reduction. It does for JPEGs, but for
// those that are mirrored or turned while their sides are no multiples of 8:
// the part of a block at the far end would come first, and all pixels would lie
// beside where they belong.
func (s *Source) Reduces() bool {
	const upright, transpose = 1, 5 // the orientations that reverse no axis
	whole := s.config.Width%8 == 0 && s.config.Height%8 == 0
	return s.kind.name == nameJPEG && (whole || s.orientation == upright || s.orientation == transpose)
}

// Decode gives the picture in blue, green, red of 8 bits, turned as displayed.
// Transparency is dropped: the colours that lie under it show, as they do in
// OpenCV; what no pixel of an animation's first frame covers is black.
//
// With a reduction of 2, 4 or 8 a JPEG is decoded at that fraction of its size,
// which takes less time: each pixel is the mean of a square of so many a side.
// The squares at the right and bottom as stored may reach over the border, so
// that the sides are those of the whole divided by the reduction, rounded up.
// Other kinds always come whole, as with a reduction of 1.
//
// The picture, and those derived from it, take their memory from the pool, if
// there is one. Errors about the picture wrap ErrDamaged.
func (s *Source) Decode(pool *Pool, reduction int) (*Image, error) {
	if !slices.Contains([]int{1, 2, 4, 8}, reduction) {
		return nil, fmt.Errorf("decode at 1/%d of the size: only 1, 1/2, 1/4 and 1/8 can be had", reduction)
	}
	return s.kind.decode(s, pool, reduction)
}

// damaged is the error for a picture whose header was good.
func (s *Source) damaged(why error) error {
	return fmt.Errorf("%w: the %s cannot be decoded: %w", ErrDamaged, s.kind.name, why)
}
