package detect

import (
	"errors"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
)

// order is how a network of MTCNN lays out pictures and maps: values x height x
// width, or transposed, which is width x height x values.
type order struct{ transposed bool }

// index is where a value lies in one picture of the given size.
func (o order) index(size image.Point, values, x, y, value int) int {
	if o.transposed {
		return (x*size.Y+y)*values + value
	}
	return (value*size.Y+y)*size.X + x
}

// size reads the width and height out of a shape; 0 for those left open, and
// for what has not four axes.
func (o order) size(shape []int64) image.Point {
	if len(shape) != 4 {
		return image.Point{}
	}
	width, height := shape[3], shape[2]
	if o.transposed {
		width, height = shape[1], shape[2]
	}
	return image.Pt(int(max(width, 0)), int(max(height, 0)))
}

// tensor is the input for n pictures.
func (o order) tensor(n int, size image.Point) ort.Tensor {
	shape := []int64{int64(n), 3, int64(size.Y), int64(size.X)}
	if o.transposed {
		shape = []int64{int64(n), int64(size.X), int64(size.Y), 3}
	}
	return ort.Tensor{Shape: shape, Data: make([]float32, 3*n*size.X*size.Y)}
}

// sums is a summed area table of a photograph (Crow 1984): at each corner of
// its pixels the sum of all pixels above and to the left, blue, green, red. The
// mean of any rectangle takes four of them, so that a pyramid and hundreds of
// crops cost little. They count modulo 2^32, which a rectangle's sum, up to 16
// million pixels, never reaches.
type sums struct {
	width, height int
	at            []uint32
}

// sumsOf sums a photograph that it scales by a factor, up to 1, before. The
// pixels are sampled at the factor and not at the ratio of the rounded sides:
// of the windows of one face that the output network is all but sure of, such
// differences choose the one that is kept.
func sumsOf(photo *cv.Image, by float64) (_ *sums, err error) {
	if by < 1 {
		if photo, err = photo.Scale(by, cv.Area); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, photo.Close()) }()
	}
	if photo.Channels() != 3 {
		return nil, errors.New("MTCNN needs a photograph of three colours")
	}
	pixels, err := photo.Pixels()
	if err != nil {
		return nil, err
	}
	w, h := photo.Width(), photo.Height()
	s := &sums{width: w, height: h, at: make([]uint32, 3*(w+1)*(h+1))}
	row := 3 * (w + 1)
	for y := range h {
		above, below := s.at[y*row:(y+1)*row], s.at[(y+1)*row:(y+2)*row]
		var line [3]uint32
		for i, v := range pixels[3*y*w : 3*(y+1)*w] {
			line[i%3] += uint32(v)
			below[i+3] = above[i+3] + line[i%3]
		}
	}
	return s, nil
}

// pool scales a rectangle of the photograph to the size and lays it out for a
// network: red, green, blue, (v-127.5)/128. Each pixel is the mean of the
// pixels that it covers at least in part, as PyTorch's adaptive_avg_pool2d has
// it (interpolate in mode "area"). OpenCV's INTER_AREA weighs those that it
// covers in part.
func (s *sums) pool(out []float32, o order, r image.Rectangle, size image.Point) {
	columns, rows := bins(r.Min.X, r.Dx(), size.X), bins(r.Min.Y, r.Dy(), size.Y)
	line := 3 * (s.width + 1)
	for y, v := range rows {
		top, bottom := s.at[v.from*line:(v.from+1)*line], s.at[v.to*line:(v.to+1)*line]
		for x, h := range columns {
			share := 1 / float32((v.to-v.from)*(h.to-h.from))
			for c := range 3 {
				from, to := 3*h.from+2-c, 3*h.to+2-c
				sum := bottom[to] - bottom[from] - top[to] + top[from]
				out[o.index(size, 3, x, y, c)] = (float32(sum)*share - 127.5) / 128
			}
		}
	}
}

// bin is a range of pixels, to excluded.
type bin struct{ from, to int }

// bins divides n pixels from start on into count ranges, which share pixels at
// their ends where count does not divide n.
func bins(start, n, count int) []bin {
	out := make([]bin, count)
	for i := range out {
		out[i] = bin{start + i*n/count, start + ((i+1)*n+count-1)/count}
	}
	return out
}
