package cv

import "gocv.io/x/gocv"

// WebP encodes the picture, for tests: with a quality of up to 100, or without
// loss above that.
func (m *Image) WebP(quality int) ([]byte, error) {
	buffer, err := gocv.IMEncodeWithParams(".webp", m.mat, []int{gocv.IMWriteWebpQuality, quality})
	if err != nil {
		return nil, err
	}
	defer buffer.Close()
	return append([]byte(nil), buffer.GetBytes()...), nil
}

// DecodeByOpenCV decodes and turns as OpenCV does by itself.
func DecodeByOpenCV(data []byte) (*Image, error) {
	mat, err := gocv.IMDecode(data, gocv.IMReadColor)
	return own(mat), err
}

// Idle is the memory that the pool keeps, in bytes.
func (p *Pool) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}
