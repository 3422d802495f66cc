package cv

import (
	"image"

	"gocv.io/x/gocv"
)

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

// JPEG encodes the picture by libjpeg, as baseline or progressive, of the given quality and
// with a restart marker after so many units.
func (m *Image) JPEG(quality, progressive, restart int) ([]byte, error) {
	buffer, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, m.mat, []int{
		gocv.IMWriteJpegQuality, quality, gocv.IMWriteJpegProgressive, progressive, gocv.IMWriteJpegRstInterval, restart,
	})
	if err != nil {
		return nil, err
	}
	defer buffer.Close()
	return append([]byte(nil), buffer.GetBytes()...), nil
}

// DecodeProgressive gives the pixels of a JPEG, or none where that is libjpeg-turbo's.
func DecodeProgressive(s *Source, reduction int) []byte {
	size := s.reduced(reduction)
	pixels := make([]byte, 3*size.X*size.Y)
	if !decodeProgressive(s.data, reduction, pixels, size) {
		return nil
	}
	return pixels
}

// DecodeByTurboJPEG gives the pixels as libjpeg-turbo reads the whole.
func DecodeByTurboJPEG(s *Source, reduction int) ([]byte, error) {
	const bgr = 1 // TJPF_BGR
	size := s.reduced(reduction)
	pixels := make([]byte, 3*size.X*size.Y)
	return pixels, decompress(s.data, s.reduced(1), pixels, size, bgr)
}

func (s *Source) reduced(by int) image.Point {
	return image.Pt((s.config.Width+by-1)/by, (s.config.Height+by-1)/by)
}
