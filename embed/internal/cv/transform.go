package cv

import (
	"fmt"
	"image"
	"image/color"
	"slices"

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
	out := m.pool.image(width, height, m.Channels())
	gocv.Resize(m.mat, &out.mat, image.Pt(width, height), 0, 0, flag)
	return out, nil
}

// ResizePart is Resize for a rectangle of the picture, or what of it lies inside;
// nothing is an error.
func (m *Image) ResizePart(r image.Rectangle, width, height int, how Scaling) (*Image, error) {
	in := r.Intersect(m.Bounds())
	if in.Empty() {
		return nil, fmt.Errorf("part %v lies outside the picture of %dx%d pixels", r, m.Width(), m.Height())
	}
	part := &Image{mat: m.mat.Region(in), pool: m.pool} // of the picture's pixels
	defer part.mat.Close()
	return part.Resize(width, height, how)
}

// Fractions scales the picture bilinearly to width x height pixels as numbers of
// 0 to 1, and returns them by rows, columns and channels.
func (m *Image) Fractions(width, height int) ([]float32, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("resize to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	numbers, scaled := gocv.NewMat(), gocv.NewMat()
	defer numbers.Close()
	defer scaled.Close()
	m.mat.ConvertToWithParams(&numbers, gocv.MatTypeCV32F, 1.0/255, 0)
	gocv.Resize(numbers, &scaled, image.Pt(width, height), 0, 0, gocv.InterpolationLinear)
	values, err := scaled.DataPtrFloat32()
	if err != nil {
		return nil, fmt.Errorf("numbers of a picture: %w", err)
	}
	return slices.Clone(values), nil
}

// Warp moves the picture by an affine map and cuts width x height pixels from
// 0,0 on. Pixels are sampled bilinearly; what lies outside is black. The map
// must be invertible.
func (m *Image) Warp(by Affine, width, height int) (*Image, error) {
	return m.warp(by, width, height, gocv.InterpolationLinear)
}

// WarpCubic is Warp with pixels sampled from 4x4 neighbours: OpenCV's
// INTER_CUBIC, Keys' kernel with a = -0.75, cut to 0 to 255.
func (m *Image) WarpCubic(by Affine, width, height int) (*Image, error) {
	return m.warp(by, width, height, gocv.InterpolationCubic)
}

func (m *Image) warp(by Affine, width, height int, how gocv.InterpolationFlags) (*Image, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("warp to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	if !by.inverse().reachable(width, height) {
		return nil, fmt.Errorf("warp by %+v to %dx%d: the map must have an inverse, and no pixel may come from more than a million pixels away", by, width, height)
	}
	matrix := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
	defer matrix.Close()
	for i, v := range []float64{by.A, by.B, by.C, by.D, by.E, by.F} {
		matrix.SetDoubleAt(i/3, i%3, v)
	}
	out := m.pool.image(width, height, m.Channels())
	gocv.WarpAffineWithParams(m.mat, &out.mat, matrix, image.Pt(width, height), how, gocv.BorderConstant, color.RGBA{})
	return out, nil
}

// Grey gives the picture's luminance (ITU-R BT.601), as one channel.
func (m *Image) Grey() *Image {
	out := m.pool.image(m.Width(), m.Height(), 1)
	if m.Channels() == 1 {
		m.mat.CopyTo(&out.mat)
	} else {
		gocv.CvtColor(m.mat, &out.mat, gocv.ColorBGRToGray)
	}
	return out
}

// Pad puts black around the picture: the given share of its width to the left
// and right, and of its height above and below, rounded down to pixels. The
// share is 0 or more; the result has at most MaxSide pixels a side.
func (m *Image) Pad(share float64) (*Image, error) {
	x, y := float64(m.Width())*share, float64(m.Height())*share
	fits := x >= 0 && x <= MaxSide && y >= 0 && y <= MaxSide
	if !fits { // nor does a share that is not a number
		return nil, fmt.Errorf("pad %dx%d pixels by %g of each side: the share must be 0 or more, the result at most %d pixels a side",
			m.Width(), m.Height(), share, MaxSide)
	}
	border := image.Pt(int(x), int(y))
	return m.Window(image.Rectangle{Max: m.Bounds().Max.Add(border), Min: image.Point{}.Sub(border)})
}

// Blur smooths the picture with a Gaussian of the given standard deviation, in
// pixels, above 0.
func (m *Image) Blur(deviation float64) *Image {
	out := m.pool.image(m.Width(), m.Height(), m.Channels())
	gocv.GaussianBlur(m.mat, &out.mat, image.Point{}, deviation, deviation, gocv.BorderReplicate)
	return out
}

// Dim leaves a share of each level, rounded, of 0 to 1.
func (m *Image) Dim(share float64) *Image {
	out := m.pool.image(m.Width(), m.Height(), m.Channels())
	gocv.AddWeighted(m.mat, share, m.mat, 0, 0, &out.mat)
	return out
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
	out := m.pool.image(in.Dx(), in.Dy(), m.Channels())
	view.CopyTo(&out.mat)
	return out, nil
}

// Window copies a rectangle that may reach over the picture's borders: what
// lies outside is black. One that does not touch the picture is an error.
func (m *Image) Window(r image.Rectangle) (*Image, error) {
	in := r.Intersect(m.Bounds())
	if in.Empty() || r.Dx() > MaxSide || r.Dy() > MaxSide {
		return nil, fmt.Errorf("window %v of a picture of %dx%d pixels: it must overlap the picture and have at most %d pixels a side",
			r, m.Width(), m.Height(), MaxSide)
	}
	view := m.mat.Region(in)
	defer view.Close()
	out := m.pool.image(r.Dx(), r.Dy(), m.Channels())
	// Without BorderIsolated OpenCV takes what lies around the view in memory
	// for the border.
	gocv.CopyMakeBorder(view, &out.mat, in.Min.Y-r.Min.Y, r.Max.Y-in.Max.Y, in.Min.X-r.Min.X, r.Max.X-in.Max.X,
		gocv.BorderConstant|gocv.BorderIsolated, color.RGBA{})
	return out, nil
}
