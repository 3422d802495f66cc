package facedraw

import "math"

// sample is one entry of the picture before shading: the nearest surface there.
type sample struct {
	z      float32 // head units; farAway where there is nothing
	normal [3]float32
	coord  [3]float32
	paint  paint
}

const farAway = -1000

// canvas is a square depth buffer of samples.
type canvas struct {
	size    int
	samples []sample
	camera  camera
}

func newCanvas(size int, c camera) *canvas {
	v := &canvas{size: size, samples: make([]sample, size*size), camera: c}
	for i := range v.samples {
		v.samples[i].z = farAway
	}
	return v
}

// corner is a vertex as the camera sees it: x and y in samples, z in head units.
type corner struct {
	x, y, z       float64
	normal, coord vec
}

// draw puts a surface into the buffer. A surface that moves with the head is
// turned with it; the others stay upright.
func (v *canvas) draw(s *surface, turn pose) {
	seen := make([]corner, len(s.vertices))
	for i, p := range s.vertices {
		at := turn.point(p.at)
		x, y := v.camera.project(at)
		seen[i] = corner{x, y, at.z, turn.apply(p.normal), p.coord}
	}
	for r := range s.rows - 1 {
		for c := range s.cols - 1 {
			i := r*s.cols + c
			v.triangle(s.paint, &seen[i], &seen[i+1], &seen[i+s.cols])
			v.triangle(s.paint, &seen[i+1], &seen[i+s.cols+1], &seen[i+s.cols])
		}
	}
}

func (v *canvas) triangle(p paint, a, b, c *corner) {
	area := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if math.Abs(area) < 1e-9 {
		return
	}
	top, bottom := v.span(min(a.y, b.y, c.y), max(a.y, b.y, c.y))
	left, right := v.span(min(a.x, b.x, c.x), max(a.x, b.x, c.x))
	for y := top; y <= bottom; y++ {
		for x := left; x <= right; x++ {
			px, py := float64(x)+0.5, float64(y)+0.5
			wb := ((px-a.x)*(c.y-a.y) - (py-a.y)*(c.x-a.x)) / area
			wc := ((b.x-a.x)*(py-a.y) - (b.y-a.y)*(px-a.x)) / area
			if wb >= 0 && wc >= 0 && wb+wc <= 1 {
				v.put(y*v.size+x, p, a, b, c, wb, wc)
			}
		}
	}
}

// span is the range of samples whose centres may lie between two coordinates.
func (v *canvas) span(lo, hi float64) (first, last int) {
	return int(max(0, math.Floor(lo-0.5))), int(min(float64(v.size-1), math.Ceil(hi-0.5)))
}

func (v *canvas) put(i int, p paint, a, b, c *corner, wb, wc float64) {
	wa := 1 - wb - wc
	z := wa*a.z + wb*b.z + wc*c.z
	s := &v.samples[i]
	if float32(z) <= s.z {
		return
	}
	coord := a.coord.scale(wa).add(b.coord.scale(wb)).add(c.coord.scale(wc))
	if !p.solid(coord) {
		return
	}
	n := a.normal.scale(wa).add(b.normal.scale(wb)).add(c.normal.scale(wc))
	*s = sample{
		z:      float32(z),
		normal: [3]float32{float32(n.x), float32(n.y), float32(n.z)},
		coord:  [3]float32{float32(coord.x), float32(coord.y), float32(coord.z)},
		paint:  p,
	}
}
