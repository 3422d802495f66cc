package facedraw

import "math"

// field is a square of numbers, read between its cells by interpolation.
type field struct {
	size   int
	values []float32
}

func newField(size int) *field { return &field{size, make([]float32, size*size)} }

// backdrop is the depth at which the background is taken to be, head units.
const backdrop = -2.5

// depthField is the canvas's depth, averaged over squares of k samples.
func depthField(c *canvas, k int) *field {
	f := newField((c.size + k - 1) / k)
	for y := range f.size {
		for x := range f.size {
			sum, n := 0.0, 0.0
			for j := y * k; j < min(y*k+k, c.size); j++ {
				for i := x * k; i < min(x*k+k, c.size); i++ {
					sum += max(backdrop, float64(c.samples[j*c.size+i].z))
					n++
				}
			}
			f.set(x, y, sum/n)
		}
	}
	return f
}

func (f *field) get(x, y int) float64    { return float64(f.values[y*f.size+x]) }
func (f *field) set(x, y int, v float64) { f.values[y*f.size+x] = float32(v) }

// at interpolates; outside the field the nearest edge counts.
func (f *field) at(x, y float64) float64 {
	last := float64(f.size - 1)
	x, y = clamp(x, 0, last), clamp(y, 0, last)
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, f.size-1), min(y0+1, f.size-1)
	tx, ty := x-float64(x0), y-float64(y0)
	return lerp(lerp(f.get(x0, y0), f.get(x1, y0), tx), lerp(f.get(x0, y1), f.get(x1, y1), tx), ty)
}

// blurred returns the field under a Gaussian of the given standard deviation
// in cells.
func (f *field) blurred(sigma float64) *field {
	if sigma < 0.05 {
		return f
	}
	radius := int(math.Ceil(2.5 * sigma))
	weights, sum := make([]float64, 2*radius+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-square(float64(i-radius)/sigma) / 2)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return f.smeared(weights, radius, 1, 0).smeared(weights, radius, 0, 1)
}

func (f *field) smeared(weights []float64, radius, dx, dy int) *field {
	out := newField(f.size)
	eachRow(f.size, func(y int) {
		for x := range f.size {
			sum := 0.0
			for i, w := range weights {
				sx := min(max(x+dx*(i-radius), 0), f.size-1)
				sy := min(max(y+dy*(i-radius), 0), f.size-1)
				sum += w * f.get(sx, sy)
			}
			out.set(x, y, sum)
		}
	})
	return out
}

// halved returns the field with half as many cells a side.
func (f *field) halved() *field {
	out := newField((f.size + 1) / 2)
	for y := range out.size {
		for x := range out.size {
			out.set(x, y, f.at(2*float64(x)+0.5, 2*float64(y)+0.5))
		}
	}
	return out
}
