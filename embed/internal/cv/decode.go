package cv

import (
	"errors"
	"fmt"

	"gocv.io/x/gocv"
)

// What can be wrong with the bytes of a photograph.
var (
	ErrEmpty       = errors.New("no bytes")
	ErrUnsupported = errors.New("not a picture of a kind that is read (JPEG, PNG, WebP, BMP, TIFF)")
	ErrDamaged     = errors.New("damaged picture")
	ErrTooLarge    = errors.New("picture over the limit")
)

// Limits bounds what Decode takes on.
type Limits struct {
	Bytes  int64 // of the encoded picture
	Pixels int64 // width times height, read from the header before decoding
}

// Decode reads an encoded photograph into blue, green, red of 8 bits and turns
// it as its EXIF orientation says. The kind is taken from the content. Size
// limits are enforced from the header, before any pixel is allocated. Errors
// wrap ErrEmpty, ErrUnsupported, ErrDamaged or ErrTooLarge.
func Decode(data []byte, limits Limits) (*Image, error) {
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	if int64(len(data)) > limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(data), limits.Bytes)
	}
	header, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if header.width > MaxSide || header.height > MaxSide || int64(header.width)*int64(header.height) > limits.Pixels {
		return nil, fmt.Errorf("%w: %dx%d pixels, at most %d pixels and %d a side are decoded",
			ErrTooLarge, header.width, header.height, limits.Pixels, MaxSide)
	}
	if header.truncated {
		return nil, fmt.Errorf("%w: the %s ends before its picture does", ErrDamaged, header.format)
	}
	mat, err := gocv.IMDecode(data, gocv.IMReadColor)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, header.format, err)
	}
	if mat.Empty() {
		return nil, errors.Join(fmt.Errorf("%w: the %s cannot be decoded", ErrDamaged, header.format), mat.Close())
	}
	if header.format == "WebP" {
		mat = turned(mat, webpOrientation(data))
	}
	return own(mat), nil
}
