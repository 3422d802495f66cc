package cv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

type header struct {
	format        string
	width, height int
	truncated     bool
}

// formats lists the kinds that are read, by the bytes they begin with.
var formats = []struct {
	name   string
	magic  string // '?' stands for any byte
	config func(io.Reader) (image.Config, error)
}{
	{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig},
	{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig},
	{"WebP", "RIFF????WEBP", webp.DecodeConfig},
	{"BMP", "BM????\x00\x00\x00\x00", bmp.DecodeConfig},
	{"TIFF", "II*\x00", tiff.DecodeConfig},
	{"TIFF", "MM\x00*", tiff.DecodeConfig},
}

// readHeader finds kind and size without decoding a pixel.
func readHeader(data []byte) (header, error) {
	for _, f := range formats {
		if !hasMagic(data, f.magic) {
			continue
		}
		if f.name == "TIFF" && tiffTileTooLarge(data) {
			return header{}, fmt.Errorf("%w: the TIFF has a tile of more than %d pixels", ErrTooLarge, maxTile)
		}
		config, err := f.config(bytes.NewReader(data))
		if err != nil {
			return header{}, headerError(f.name, err)
		}
		if config.Width < 1 || config.Height < 1 {
			return header{}, fmt.Errorf("%w: the %s says %dx%d pixels", ErrDamaged, f.name, config.Width, config.Height)
		}
		cut := f.name == "JPEG" && !jpegEnds(data)
		return header{f.name, config.Width, config.Height, cut}, nil
	}
	return header{}, ErrUnsupported
}

// headerError tells a rare kind of picture from a damaged one.
func headerError(format string, err error) error {
	var ofJPEG jpeg.UnsupportedError
	var ofPNG png.UnsupportedError
	var ofTIFF tiff.UnsupportedError
	if errors.As(err, &ofJPEG) || errors.As(err, &ofPNG) || errors.As(err, &ofTIFF) || errors.Is(err, bmp.ErrUnsupported) {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("%w: header of the %s: %w", ErrDamaged, format, err)
}

func hasMagic(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// jpegEnds says whether an end-of-image marker follows the first scan. OpenCV
// fills what is missing of a JPEG with grey instead of refusing it. The
// segments before the scan are skipped by their length, because a thumbnail in
// them has an end-of-image marker of its own (ITU-T T.81, annex B).
func jpegEnds(data []byte) bool {
	const startOfScan, endOfImage = 0xda, "\xff\xd9"
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return false
		}
		marker := data[at+1]
		if marker == 0xff { // fill byte
			at++
			continue
		}
		if marker == startOfScan {
			return bytes.LastIndex(data[at:], []byte(endOfImage)) > 0
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return false
}
