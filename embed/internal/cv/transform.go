package cv

import (
	"fmt"
	"image"
	"image/color"

	"gocv.io/x/gocv"
)

// Scaling says how pixels are resampled.
type Scaling int

// The ways of resampling.
const (
	Bilinear Scaling = iota // OpenCV's INTER_LINEAR
	Area                    // INTER_AREA, for reducing
)

// MaxSide is the largest width or height, in pixels, that is handled here:
// OpenCV's warps take pictures of fewer than SHRT_MAX pixels a side.
const MaxSide = 1<<15 - 2

// Resize scales the picture to width x height pixels.
func (m *Image) Resize(width, height int, how Scaling) (*Image, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("resize to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	flag := gocv.InterpolationLinear
	if how == Area {
		flag = gocv.InterpolationArea
	}
	out := gocv.NewMat()
	gocv.Resize(m.mat, &out, image.Pt(width, height), 0, 0, flag)
	return own(out), nil
}

// Affine maps x,y to A*x+B*y+C, D*x+E*y+F, in pixels.
type Affine struct{ A, B, C, D, E, F float64 }

// Warp moves the picture by an affine map and cuts width x height pixels from
// 0,0 on. Pixels are sampled bilinearly; what lies outside is black.
func (m *Image) Warp(by Affine, width, height int) (*Image, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("warp to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	matrix := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
	defer matrix.Close()
	for i, v := range []float64{by.A, by.B, by.C, by.D, by.E, by.F} {
		matrix.SetDoubleAt(i/3, i%3, v)
	}
	out := gocv.NewMat()
	gocv.WarpAffineWithParams(m.mat, &out, matrix, image.Pt(width, height),
		gocv.InterpolationLinear, gocv.BorderConstant, color.RGBA{})
	return own(out), nil
}

// Grey gives the picture's luminance (ITU-R BT.601), as one channel.
func (m *Image) Grey() *Image {
	if m.Channels() == 1 {
		return own(m.mat.Clone())
	}
	out := gocv.NewMat()
	gocv.CvtColor(m.mat, &out, gocv.ColorBGRToGray)
	return own(out)
}

// Pad puts black around the picture: the given share of its width to the left
// and right, and of its height above and below.
func (m *Image) Pad(share float64) (*Image, error) {
	x, y := int(float64(m.Width())*share), int(float64(m.Height())*share)
	return m.Warp(Affine{A: 1, C: float64(x), E: 1, F: float64(y)}, m.Width()+2*x, m.Height()+2*y)
}

// Blur smooths the picture with a Gaussian of the given standard deviation, in
// pixels, above 0.
func (m *Image) Blur(deviation float64) *Image {
	out := gocv.NewMat()
	gocv.GaussianBlur(m.mat, &out, image.Point{}, deviation, deviation, gocv.BorderReplicate)
	return own(out)
}

// Crop copies a rectangle, cut at the picture's borders. An empty one is an
// error.
func (m *Image) Crop(r image.Rectangle) (*Image, error) {
	in := r.Intersect(m.Bounds())
	if in.Empty() {
		return nil, fmt.Errorf("crop %v lies outside the picture of %dx%d pixels", r, m.Width(), m.Height())
	}
	view := m.mat.Region(in)
	defer view.Close()
	return own(view.Clone()), nil
}
