package cv

import "errors"

// What can be wrong with the bytes of a photograph.
var (
	ErrEmpty       = errors.New("no bytes")
	ErrUnsupported = errors.New("not a picture of a kind that is read (JPEG, PNG, WebP, GIF, BMP, TIFF)")
	ErrDamaged     = errors.New("damaged picture")
	ErrTooLarge    = errors.New("picture over the limit")
)

// Limits bounds what Read and Decode take on.
type Limits struct {
	Bytes  int64 // of the encoded picture
	Pixels int64 // width times height, read from the header before decoding
}

// Decode reads an encoded photograph, of the kinds that Read takes, into blue,
// green, red of 8 bits and turns it as its EXIF orientation says. Errors wrap
// ErrEmpty, ErrUnsupported, ErrDamaged or ErrTooLarge.
func Decode(data []byte, limits Limits) (*Image, error) {
	source, err := Read(data, limits)
	if err != nil {
		return nil, err
	}
	return source.Decode(nil, 1)
}
