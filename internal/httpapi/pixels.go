package httpapi

import (
	"bytes"
	"image"
	"image/color"
	"image/png"

	"github.com/visagedb/visage/internal/face"
)

// What an answer of pictures may hold, over all its faces: numbers, of which a crop
// of 112 by 112 pixels has 37,632, and bytes of PNG files. Written as JSON a number
// takes some 20 bytes, so that either makes some 100 MB.
const (
	mostNumbers = 4_000_000
	mostCrops   = 64 << 20
)

// allowance is what is left of them for an answer.
type allowance struct{ numbers, bytes int }

// take takes what a face needs. It returns TooLarge where there is not so much left.
func (a *allowance) take(numbers, bytes int) error {
	a.numbers, a.bytes = a.numbers-numbers, a.bytes-bytes
	switch {
	case a.numbers < 0:
		return face.Errorf(face.TooLarge, "return_face: the faces have more than %d numbers in all: keep fewer by max_faces, or leave the field out", mostNumbers)
	case a.bytes < 0:
		return face.Errorf(face.TooLarge, "the faces cut out have more than %d bytes in all: keep fewer by max_faces, or send smaller photographs", mostCrops)
	}
	return nil
}

// asNumbers says how a crop is shown as numbers: DeepFace's color_face and
// normalize_face. The zero value does not show it.
type asNumbers struct {
	colour string  // rgb, bgr or gray; empty for not at all
	scale  float32 // by which 0 to 255 is multiplied
}

// numbersOf reads return_face, color_face and normalize_face.
func numbersOf(f *fields) asNumbers {
	how := asNumbers{colour: f.text("color_face", "rgb"), scale: 1}
	if how.colour != "rgb" && how.colour != "bgr" && how.colour != "gray" {
		f.wrong("color_face", "rgb, bgr or gray")
	}
	if f.flag("normalize_face", true) {
		how.scale = 1.0 / 255
	}
	if !f.flag("return_face", false) {
		return asNumbers{}
	}
	return how
}

// needs is how many numbers a PNG is shown as.
func (n asNumbers) needs(data []byte) (int, error) {
	if n.colour == "" {
		return 0, nil
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, face.Wrap(face.Internal, err, "read the size of a crop")
	}
	if n.colour == "gray" {
		return size.Width * size.Height, nil
	}
	return 3 * size.Width * size.Height, nil
}

// of is a PNG as rows of columns of channels or, in gray, as rows of columns; nil
// where it is not to be shown.
func (n asNumbers) of(data []byte) (any, error) {
	if n.colour == "" {
		return nil, nil
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "decode a crop")
	}
	if n.colour == "gray" {
		return eachPixel(picture, func(c color.RGBA) float32 {
			// The weights of ITU-R BT.601, OpenCV's for cvtColor.
			return n.scale * (0.299*float32(c.R) + 0.587*float32(c.G) + 0.114*float32(c.B))
		}), nil
	}
	return eachPixel(picture, func(c color.RGBA) [3]float32 {
		if n.colour == "bgr" {
			c.R, c.B = c.B, c.R
		}
		return [3]float32{n.scale * float32(c.R), n.scale * float32(c.G), n.scale * float32(c.B)}
	}), nil
}

func eachPixel[T any](picture image.Image, of func(color.RGBA) T) [][]T {
	box := picture.Bounds()
	rows := make([][]T, box.Dy())
	for y := range rows {
		rows[y] = make([]T, box.Dx())
		for x := range rows[y] {
			r, g, b, _ := picture.At(box.Min.X+x, box.Min.Y+y).RGBA()
			rows[y][x] = of(color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255})
		}
	}
	return rows
}
