package cv

import "gocv.io/x/gocv"

// Turn turns the picture clockwise by 1, 2 or 3 quarters of a circle.
func (m *Image) Turn(quarters int) *Image {
	how := map[int]gocv.RotateFlag{1: gocv.Rotate90Clockwise, 2: gocv.Rotate180Clockwise, 3: gocv.Rotate90CounterClockwise}
	width, height := m.Width(), m.Height()
	if quarters != 2 {
		width, height = height, width
	}
	out := m.pool.image(width, height, m.Channels())
	gocv.Rotate(m.mat, &out.mat, how[quarters])
	return out
}
