package cv

import (
	"errors"
	"fmt"
	"image"
	"sync/atomic"

	"gocv.io/x/gocv"
)

var open atomic.Int64

// Open is the number of images, pools, cascades and networks that are not yet
// closed, for leak tests. Memory that a pool keeps is none of them.
func Open() int64 { return open.Load() }

// Image is a picture of 8 bits per channel in OpenCV's memory: three channels
// in the order blue, green, red, or one channel of grey. Whoever makes an Image
// closes it. An Image is not changed after it was made, so that several
// goroutines may read it.
type Image struct {
	mat    gocv.Mat
	pool   *Pool // where the pictures derived from this one take their memory; may be nil
	block  block // the pool's memory that mat shows, if any
	closed atomic.Bool
}

func own(mat gocv.Mat) *Image {
	open.Add(1)
	return &Image{mat: mat}
}

// Black makes a black picture. The caller closes it.
func Black(width, height int) (*Image, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("black picture of %dx%d pixels: sides must lie in 1 to %d", width, height, MaxSide)
	}
	return own(gocv.Zeros(height, width, gocv.MatTypeCV8UC3)), nil
}

// Close frees the picture or gives its memory back to its pool. It may be called
// twice.
func (m *Image) Close() error {
	if m == nil || !m.closed.CompareAndSwap(false, true) {
		return nil
	}
	open.Add(-1)
	return errors.Join(m.mat.Close(), m.pool.give(m.block))
}

// Width is the number of columns.
func (m *Image) Width() int { return m.mat.Cols() }

// Height is the number of rows.
func (m *Image) Height() int { return m.mat.Rows() }

// Channels is 3 (blue, green, red) or 1 (grey).
func (m *Image) Channels() int { return m.mat.Channels() }

// Bounds is the rectangle from 0,0 to Width,Height.
func (m *Image) Bounds() image.Rectangle { return image.Rect(0, 0, m.Width(), m.Height()) }

// Pixels gives the interleaved bytes, row by row. They live in OpenCV's memory
// and are gone, or another picture's, after Close; do not write to them.
func (m *Image) Pixels() ([]byte, error) {
	pixels, err := m.mat.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("pixels of a picture: %w", err)
	}
	return pixels, nil
}

// RGBA copies the picture into Go's own type.
func (m *Image) RGBA() (*image.RGBA, error) {
	pixels, err := m.Pixels()
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(m.Bounds())
	n := m.Channels()
	for i, j := 0, 0; i < len(pixels); i, j = i+n, j+4 {
		out.Pix[j], out.Pix[j+1], out.Pix[j+2], out.Pix[j+3] = pixels[i+n-1], pixels[i+n/2], pixels[i], 255
	}
	return out, nil
}

// Version is OpenCV's own, such as "4.6.0".
func Version() string { return gocv.OpenCVVersion() }
