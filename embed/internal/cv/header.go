package cv

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// kind is a file format of photographs.
type kind struct {
	name        string
	magic       string // the bytes it begins with; '?' stands for any byte
	config      func(data []byte) (image.Config, error)
	orientation func(data []byte) int
	decode      func(s *Source, pool *Pool, reduction int) (*Image, error)
}

const nameJPEG, nameTIFF = "JPEG", "TIFF"

// kinds lists those that are read.
var kinds = []kind{
	{nameJPEG, "\xff\xd8\xff", jpegConfig, jpegOrientation, decodeJPEG},
	{"PNG", "\x89PNG\r\n\x1a\n", reading(png.DecodeConfig), pngOrientation, decodePNG},
	{"WebP", "RIFF????WEBP", reading(webp.DecodeConfig), webpOrientation, decodeWebP},
	{"GIF", "GIF8?a", reading(gif.DecodeConfig), upright, decodeGIF},
	{"BMP", "BM????\x00\x00\x00\x00", reading(bmp.DecodeConfig), upright, decodeOpenCV},
	{nameTIFF, "II*\x00", reading(tiff.DecodeConfig), tiffOrientation, decodeTIFF},
	{nameTIFF, "MM\x00*", reading(tiff.DecodeConfig), tiffOrientation, decodeTIFF},
}

func reading(config func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return config(bytes.NewReader(data)) }
}

// readHeader finds kind and size without decoding a pixel.
func readHeader(data []byte) (kind, image.Config, error) {
	for _, k := range kinds {
		if !hasMagic(data, k.magic) {
			continue
		}
		if k.name == nameTIFF && tiffTileTooLarge(data) {
			return kind{}, image.Config{}, fmt.Errorf("%w: the TIFF has a tile of more than %d pixels", ErrTooLarge, maxTile)
		}
		config, err := k.config(data)
		if err != nil {
			return kind{}, image.Config{}, headerError(k.name, err)
		}
		if config.Width < 1 || config.Height < 1 {
			return kind{}, image.Config{}, fmt.Errorf("%w: the %s says %dx%d pixels", ErrDamaged, k.name, config.Width, config.Height)
		}
		return k, config, nil
	}
	return kind{}, image.Config{}, ErrUnsupported
}

// headerError tells a rare kind of picture from a damaged one.
func headerError(format string, err error) error {
	var ofPNG png.UnsupportedError
	var ofTIFF tiff.UnsupportedError
	switch {
	case errors.Is(err, ErrUnsupported):
		return err
	case errors.As(err, &ofPNG), errors.As(err, &ofTIFF), errors.Is(err, bmp.ErrUnsupported):
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
