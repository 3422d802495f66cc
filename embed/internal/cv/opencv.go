package cv

import (
	"errors"
	"fmt"
	"image"

	"gocv.io/x/gocv"
)

// decodeOpenCV decodes a PNG whose chunks are whole, a BMP or a still WebP and turns
// it.
func decodeOpenCV(s *Source, pool *Pool, _ int) (*Image, error) {
	m, err := fromOpenCV(s.data, image.Pt(s.config.Width, s.config.Height), pool)
	if err != nil {
		return nil, s.damaged(err)
	}
	return turned(m, s.orientation), nil
}

// decodeTIFF decodes the first page; OpenCV itself turns it.
func decodeTIFF(s *Source, pool *Pool, _ int) (*Image, error) {
	m, err := fromOpenCV(s.data, s.displayed(), pool)
	if err != nil {
		return nil, s.damaged(err)
	}
	return m, nil
}

// fromOpenCV decodes what must turn out to have the given size.
func fromOpenCV(data []byte, size image.Point, pool *Pool) (*Image, error) {
	mat, err := gocv.IMDecode(data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
	if err != nil {
		return nil, err
	}
	if mat.Empty() {
		return nil, errors.Join(errors.New("OpenCV refuses it"), mat.Close())
	}
	m := own(mat)
	m.pool = pool
	if got := m.Bounds().Max; got != size {
		return nil, errors.Join(fmt.Errorf("it has %dx%d pixels, its header says %dx%d", got.X, got.Y, size.X, size.Y), m.Close())
	}
	return m, nil
}
