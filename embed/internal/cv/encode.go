package cv

import (
	"fmt"

	"gocv.io/x/gocv"
)

// PNG encodes the picture without loss.
func (m *Image) PNG() ([]byte, error) {
	buffer, err := gocv.IMEncode(gocv.PNGFileExt, m.mat)
	if err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	defer buffer.Close()
	return append([]byte(nil), buffer.GetBytes()...), nil
}
