package facedraw

import "math"

// vec is a point or a direction in head units.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec       { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) scale(k float64) vec { return vec{a.x * k, a.y * k, a.z * k} }
func (a vec) dot(b vec) float64   { return a.x*b.x + a.y*b.y + a.z*b.z }

func (a vec) cross(b vec) vec {
	return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}

func (a vec) unit() vec {
	n := math.Sqrt(a.dot(a))
	if n == 0 {
		return vec{0, 0, 1}
	}
	return a.scale(1 / n)
}

// rgb is a colour in linear light, 1 being white.
type rgb struct{ r, g, b float64 }

func (c rgb) scale(k float64) rgb { return rgb{c.r * k, c.g * k, c.b * k} }
func (c rgb) add(o rgb) rgb       { return rgb{c.r + o.r, c.g + o.g, c.b + o.b} }
func (c rgb) times(o rgb) rgb     { return rgb{c.r * o.r, c.g * o.g, c.b * o.b} }

func (c rgb) mix(o rgb, t float64) rgb {
	return rgb{c.r + (o.r-c.r)*t, c.g + (o.g-c.g)*t, c.b + (o.b-c.b)*t}
}

// srgb reads a colour as it is written in a paint program, 0 to 255.
func srgb(r, g, b float64) rgb { return rgb{linear(r), linear(g), linear(b)} }

func linear(v float64) float64 { return math.Pow(v/255, gamma) }

// gamma is close enough to the sRGB curve for drawing.
const gamma = 2.2

// smoothstep rises from 0 at a to 1 at b, without a corner. It falls where a > b.
func smoothstep(a, b, v float64) float64 {
	t := clamp((v-a)/(b-a), 0, 1)
	return t * t * (3 - 2*t)
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

// bump is 1 at (cx, cy) and falls off as a Gaussian with radii sx and sy.
func bump(x, y, cx, cy, sx, sy float64) float64 {
	dx, dy := (x-cx)/sx, (y-cy)/sy
	d := dx*dx + dy*dy
	if d > negligible {
		return 0
	}
	return math.Exp(-d)
}

// negligible is the exponent at which a Gaussian counts as nothing, below 1e-4.
const negligible = 9.5

func square(v float64) float64 { return v * v }
