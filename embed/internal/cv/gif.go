package cv

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
)

// decodeGIF decodes the first frame, which OpenCV before 4.11 cannot. What is
// transparent or outside the frame is black.
func decodeGIF(s *Source, pool *Pool, _ int) (*Image, error) {
	decoded, err := gif.Decode(bytes.NewReader(s.data))
	if err != nil {
		return nil, s.damaged(err)
	}
	frame, ok := decoded.(*image.Paletted)
	if !ok {
		return nil, s.damaged(fmt.Errorf("its first frame is a %T", decoded))
	}
	m := pool.image(s.config.Width, s.config.Height, 3)
	pixels, err := m.Pixels()
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	clear(pixels)
	drawPaletted(frame, pixels, s.config.Width)
	return m, nil
}

// drawPaletted writes a frame, which lies within the picture, into blue, green,
// red pixels of the given width.
func drawPaletted(frame *image.Paletted, pixels []byte, width int) {
	const entries = 256
	var colours [entries][3]byte
	for i, c := range frame.Palette {
		r, g, b, _ := c.RGBA()
		colours[i] = [3]byte{byte(b >> 8), byte(g >> 8), byte(r >> 8)}
	}
	bounds := frame.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		row := frame.Pix[frame.PixOffset(bounds.Min.X, y):][:bounds.Dx()]
		out := pixels[3*(y*width+bounds.Min.X):]
		for x, index := range row {
			copy(out[3*x:], colours[index][:])
		}
	}
}
