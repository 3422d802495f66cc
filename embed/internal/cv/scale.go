package cv

import (
	"fmt"
	"image"
	"math"

	"gocv.io/x/gocv"
)

// Scale resizes the picture by one factor for both axes and rounds the sides,
// halves to even. Pixels are sampled at exactly that factor, where Resize
// samples at the ratio of the rounded sides.
func (m *Image) Scale(by float64, how Scaling) (*Image, error) {
	width, height := float64(m.Width())*by, float64(m.Height())*by
	if !(width > 0.5 && height > 0.5 && width <= MaxSide && height <= MaxSide) {
		return nil, fmt.Errorf("scale %dx%d by %g: sides must lie in 1 to %d", m.Width(), m.Height(), by, MaxSide)
	}
	flag := gocv.InterpolationLinear
	if how == Area {
		flag = gocv.InterpolationArea
	}
	out := m.pool.image(int(math.RoundToEven(width)), int(math.RoundToEven(height)), m.Channels())
	gocv.Resize(m.mat, &out.mat, image.Point{}, by, by, flag)
	return out, nil
}
