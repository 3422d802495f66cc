package facedraw

import "math"

// matter is what a sample is made of, as far as light is concerned.
type matter struct {
	colour  rgb
	normal  vec
	gloss   float64 // strength of the highlight
	shine   float64 // its exponent
	scatter float64 // how far light wraps around into the shade, 0 to 1
	strands bool    // the highlight is that of hair
}

// cover lays a colour of the given opacity over what is there.
func (m *matter) cover(c rgb, opacity float64) { m.colour = m.colour.mix(c, clamp(opacity, 0, 1)) }

// darken multiplies the colour, by 1-amount.
func (m *matter) darken(amount float64) { m.colour = m.colour.scale(1 - clamp(amount, 0, 1)) }

// skinPaint covers the head. Its coordinate is the position before the
// features were raised.
type skinPaint struct{ f *figure }

func (p skinPaint) solid(vec) bool { return true }

func (p skinPaint) matter(c, normal vec) matter {
	f := p.f
	m := matter{colour: f.complexion(c), normal: normal, gloss: 0.12, shine: 14, scatter: 1}
	if c.z <= 0 {
		return m
	}
	f.paintLines(&m, c)
	f.paintShades(&m, c)
	f.paintMouth(&m, c.x, c.y)
	f.paintBeard(&m, c)
	f.paintBrow(&m, c.x, c.y)
	f.paintEye(&m, c.x, c.y)
	f.paintScalp(&m, c)
	return m
}

// complexion is the colour of bare skin: tone, blotches, pores and freckles.
func (f *figure) complexion(c vec) rgb {
	s := f.skin
	blotch := fractal(c.x*3.1, c.y*3.1, c.z*3.1, f.seed) - 0.5
	k := s.pores
	pores := fractal(c.x*k*s.stretch, c.y*k/s.stretch, c.z*k, f.seed+10) - 0.5
	grain := noise(c.x*55, c.y*55, c.z*55, f.seed+20) - 0.5
	col := s.tone.scale(1 + 0.25*blotch + (0.42+0.2*s.age)*pores + 0.12*grain)
	ax := math.Abs(c.x)
	red := s.ruddy * (0.3*bump(ax, c.y, 0.55, 0.45, 0.3, 0.28) + 0.25*bump(c.x, c.y, 0, f.nose.length-0.1, 0.2, 0.2) + 0.25*blotch)
	col = col.times(rgb{1 + 0.08*red, 1 - 0.3*red, 1 - 0.26*red})
	return col.scale(1 - f.freckle(c))
}

// freckle is how much darker a freckle makes the skin here.
func (f *figure) freckle(c vec) float64 {
	where := f.skin.freckles * (0.1 + 0.9*bump(math.Abs(c.x), c.y, 0.38, 0.26, 0.5, 0.34))
	if where < 0.02 {
		return 0
	}
	const cell = 0.065
	gx, gy := c.x/cell, c.y/cell
	ix, iy := int(math.Floor(gx)), int(math.Floor(gy))
	dark := 0.0
	for k := range 9 {
		jx, jy := ix+k%3-1, iy+k/3-1
		px := float64(jx) + hash01(jx, jy, 1, f.seed+30)
		py := float64(jy) + hash01(jx, jy, 2, f.seed+30)
		size := 0.1 + 0.25*square(hash01(jx, jy, 3, f.seed+30))
		if hash01(jx, jy, 4, f.seed+30) < where {
			dark = max(dark, smoothstep(size, size*0.3, math.Hypot(gx-px, gy-py)))
		}
	}
	return 0.3 * dark * math.Sqrt(min(1, where))
}

// paintLines draws moles, crow's feet and the lines of the forehead.
func (f *figure) paintLines(m *matter, c vec) {
	for _, spot := range f.skin.moles {
		m.cover(f.skin.tone.scale(0.32), 0.8*smoothstep(spot.size, spot.size*0.5, math.Hypot(c.x-spot.x, c.y-spot.y)))
	}
	age := f.skin.age
	wave := 0.03*math.Sin(c.x*4+float64(f.seed%7)) + 0.05*(noise(c.x*3, 0, 0, f.seed+40)-0.5)
	for i := range 3 {
		y := f.brows.height - 0.17 - 0.13*float64(i) + wave
		m.darken(0.2 * age * smoothstep(0.6, 0.3, math.Abs(c.x)) * bump(c.y, 0, y, 0, 0.016, 1))
	}
	ax := math.Abs(c.x)
	corner := f.eyes.apart + f.eyes.width
	for i := range 3 {
		y := float64(i-1)*0.07 + float64(i-1)*0.5*(ax-corner)
		m.darken((0.1 + 0.12*age) * (0.4 + f.view.Smile) * bump(ax, c.y, corner+0.13, y, 0.07, 0.011))
	}
	m.darken(0.14 * age * bump(ax, c.y, 0.07, f.brows.height+0.06, 0.012, 0.08))
}

// paintShades draws the shades that belong to the skin itself: around the eyes,
// in the nostrils, in the folds.
func (f *figure) paintShades(m *matter, c vec) {
	ax, n := math.Abs(c.x), f.nose
	m.darken(0.32 * bump(ax, c.y, f.eyes.apart-0.05, -0.04, 0.22, 0.14))
	m.darken((0.06 + 0.1*f.skin.age) * bump(ax, c.y, f.eyes.apart-0.03, 0.17, 0.16, 0.05))
	nostril := bump(ax, c.y, 0.085*n.width, n.length*0.985, 0.055*n.width, 0.028)
	m.cover(f.skin.tone.times(rgb{0.12, 0.06, 0.05}), 0.95*smoothstep(0.3, 0.75, nostril))
	m.darken(0.3 * bump(ax, c.y, 0.06, n.length+0.03, 0.13, 0.03))
	wing := bump(ax, c.y, 0.235*n.width*n.wings, n.length*0.92, 0.022, 0.07)
	m.darken(0.35 * wing)
	top, bottom := n.length+0.02, f.mouth.height+0.05
	t := (c.y - top) / (bottom - top)
	fold := lerp(0.26*n.wings, f.mouthWidth()+0.1, t)
	m.darken((0.04 + 0.14*f.skin.age + 0.12*f.view.Smile) * smoothstep(-0.1, 0.2, t) * smoothstep(1.25, 0.7, t) * bump(ax, 0, fold, 0, 0.022, 1))
}

// paintScalp shades the skin where hair begins, so that the hairline is soft.
func (f *figure) paintScalp(m *matter, c vec) {
	theta := math.Atan2(c.x, c.z)
	inside := f.hairCover(theta, c.y)
	if inside < -0.2 {
		return
	}
	strand := 0.6*noise(theta*60, c.y*4, 0, f.seed+45) + 0.4*noise(theta*130, c.y*7, 0, f.seed+46)
	m.cover(f.hair.colour.scale(0.5+0.8*strand), smoothstep(-0.02, 0.12, inside+(strand-0.5)*0.3))
	m.cover(f.hair.colour.mix(f.skin.tone, 0.5), 0.4*smoothstep(-0.14, 0.05, inside))
}
