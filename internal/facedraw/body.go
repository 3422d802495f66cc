package facedraw

import "math"

// neckAxis is how far the neck stands behind the head's axis.
const neckAxis = -0.22

// ear is the surface of one ear, a shallow bowl turned outwards and forwards.
func (f *figure) ear(side float64) *surface {
	const height, width, turn = 0.27, 0.18, 0.55
	s, c := math.Sincos(turn)
	back := vec{side * s, 0, -c}
	out := vec{side * c, 0, s}
	middle := vec{side * (f.skull(1.55, 0.15).x + 0.045), 0.13, -0.1}
	return newSurface(24, 48, earPaint{f}, 0, func(row, col float64) (vec, vec) {
		sa, ca := math.Sincos(col * 2 * math.Pi)
		w := width * (1 - 0.25*smoothstep(0, 1, sa)) // the lobe is narrower
		at := middle.add(back.scale(row * ca * w)).add(vec{0, row * sa * height, 0})
		rim := 0.05*bump(row, 0, 0.82, 0, 0.16, 1) - 0.05*bump(row, 0, 0.3, 0, 0.35, 1)
		return at.add(out.scale(rim)), vec{row * ca, row * sa, side}
	})
}

type earPaint struct{ f *figure }

func (p earPaint) solid(vec) bool { return true }

func (p earPaint) matter(c, normal vec) matter {
	r := math.Hypot(c.x, c.y)
	col := p.f.skin.tone.times(rgb{0.98, 0.84, 0.82}).scale(1 - 0.4*bump(r, 0, 0.4, 0, 0.3, 1))
	return matter{colour: col, normal: normal, gloss: 0.1, shine: 14, scatter: 1}
}

// body is neck and shoulders.
func (f *figure) body() *surface {
	neck := 0.62 * f.width
	if cuts[f.hair.style].length > 0 {
		neck *= 0.88
	}
	return newSurface(110, 120, bodyPaint{f}, neckAxis, func(row, col float64) (vec, vec) {
		y := lerp(0.8, 3.7, row)
		s, c := math.Sincos((2*col - 1) * math.Pi)
		slope := smoothstep(1.5, 2.6, y)
		wide := neck + 1.6*math.Pow(slope, 2.1) + 0.15*smoothstep(2.5, 3.4, y)
		deep := 0.55 + 0.42*smoothstep(1.7, 2.8, y)
		cord := 0.05 * bump(s, 0, 0, 0, 0.2, 1) * smoothstep(2, 1.6, y) // the throat
		at := vec{wide * s, y, neckAxis + (deep+cord)*c}
		return at, at
	})
}

type bodyPaint struct{ f *figure }

func (p bodyPaint) solid(vec) bool { return true }

func (p bodyPaint) matter(c, normal vec) matter {
	f := p.f
	deep := 0.1 + 0.4*hash01(1, 2, 3, f.seed)
	line := 1.88 + deep*math.Exp(-square(c.x/0.42))
	if c.z < neckAxis {
		line = 1.8
	}
	cloth := smoothstep(line-0.012, line+0.012, c.y)
	tone := f.skin.tone.scale(0.94 + 0.12*(fractal(c.x*4, c.y*4, c.z*4, f.seed+120)-0.5))
	folds := fractal(c.x*2.2, c.y*1.2, c.z*2, f.seed+121)
	weave := noise(c.x*60, c.y*60, c.z*60, f.seed+122)
	shirt := f.shirt.scale(0.72 + 0.4*folds + 0.16*weave)
	hem := smoothstep(0.05, 0.03, math.Abs(c.y-line-0.06)) * 0.12
	return matter{
		colour: tone.mix(shirt.scale(1-hem), cloth), normal: normal,
		gloss: 0.08 * (1 - cloth), shine: 14, scatter: 1 - cloth,
	}
}
