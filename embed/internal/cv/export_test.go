package cv

import "gocv.io/x/gocv"

// WebP encodes the picture, for tests.
func (m *Image) WebP() ([]byte, error) {
	buffer, err := gocv.IMEncode(".webp", m.mat)
	if err != nil {
		return nil, err
	}
	defer buffer.Close()
	return append([]byte(nil), buffer.GetBytes()...), nil
}
