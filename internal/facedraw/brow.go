package facedraw

import "math"

// paintBrow draws the eyebrow on the side of x as strands that turn outwards.
func (f *figure) paintBrow(m *matter, x, y float64) {
	b := f.brows
	ax := math.Abs(x)
	u := (ax - b.inner) / (b.outer - b.inner)
	if u < -0.08 || u > 1.1 || math.Abs(y-b.height) > 0.3 {
		return
	}
	peak := math.Sin(math.Pi * clamp(0.8*u, 0, 1))
	middle := b.height - (0.03+b.arch)*peak - b.tilt*u + 0.05*u*u
	thick := b.thick * (0.62 + 0.45*smoothstep(-0.1, 0.3, u)) * (1 - 0.75*smoothstep(0.4, 1.05, u))
	d := (y - middle) / thick
	body := smoothstep(1.25, 0.35, math.Abs(d)) * smoothstep(-0.06, 0.12, u) * smoothstep(1.08, 0.8, u)
	if body <= 0 {
		return
	}
	side := f.seed + 70
	if x < 0 {
		side += 5
	}
	angle := lerp(1.15, 0.12, smoothstep(0, 0.5, u)) // strands rise at the nose, lie at the temple
	s, c := math.Sincos(angle)
	along, across := ax*c-y*s, ax*s+y*c
	strand := 0.6*noise(along*9, across*62, 0, side) + 0.4*noise(along*20, across*110, 0, side+1)
	opacity := smoothstep(0.2, 0.75, body*0.95+(strand-0.5)*0.9) * (0.6 + 0.4*b.density)
	m.cover(f.browColour(), 0.92*opacity)
	m.gloss *= 1 - 0.7*opacity
}

// browColour is the hair's, never lighter than skin allows to be seen.
func (f *figure) browColour() rgb {
	return f.hair.colour.scale(0.5).mix(f.skin.tone.scale(0.1), 0.5)
}
