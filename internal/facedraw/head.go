package facedraw

import "math"

// figure is a person in one expression: what the surfaces and their paints are
// computed from.
type figure struct {
	Person
	view View
}

// Proportions that all heads share, in head units.
const (
	headDepth   = 1.16 // from the axis to the forehead
	backDepth   = 1.25 // from the axis to the back of the head
	section     = 2.25 // exponent of the horizontal section: a little squarer than an ellipse
	crownShape  = 2.35 // exponent of the upper outline
	faceRows    = 250
	faceColumns = 220
	faceSweep   = 1.95 // radians from the middle of the face to where its surface ends
)

// face is the surface of the head: skin from crown to chin.
func (f *figure) face() *surface {
	return newSurface(faceRows, faceColumns, skinPaint{f}, 0, func(row, col float64) (vec, vec) {
		y := f.heightAt(row)
		at := f.skull((2*col-1)*faceSweep, y)
		rest := at
		if at.z > 0 {
			at.z += f.relief(at.x, at.y) * smoothstep(0, 0.45, at.z)
		}
		return at, rest
	})
}

// heightAt maps a row in [0,1] to a height, dense near crown and chin, where
// the head closes.
func (f *figure) heightAt(row float64) float64 {
	c := -math.Cos(row * math.Pi)
	if c < 0 {
		return c * f.crown
	}
	return c * f.chin
}

// skull is the smooth head without nose, eyes and mouth.
func (f *figure) skull(theta, y float64) vec {
	s, c := math.Sincos(theta)
	r := math.Pow(math.Pow(math.Abs(s), section)+math.Pow(math.Abs(c), section), -1/section)
	depth := headDepth
	if c < 0 {
		depth = backDepth
	}
	return vec{f.halfWidth(y) * r * s, y, f.profile(y) * depth * r * c}
}

// halfWidth is the outline of the head seen from the front.
func (f *figure) halfWidth(y float64) float64 {
	if y < 0 {
		return f.width * math.Pow(1-math.Pow(min(1, -y/f.crown), crownShape), 1/crownShape)
	}
	t := min(1, y/f.chin)
	return f.width * math.Pow(1-math.Pow(t, f.jaw), 0.62)
}

// profile is the depth of the head at a height, as a share of its greatest.
func (f *figure) profile(y float64) float64 {
	if y < 0 {
		return math.Pow(1-math.Pow(min(1, -y/f.crown), 2.6), 1/2.2)
	}
	return math.Pow(1-math.Pow(min(1, y/(f.chin+0.02)), 6), 1/2.5) * (1 - 0.03*y)
}

// relief is how far the features stand out of the skull at a frontal position.
func (f *figure) relief(x, y float64) float64 {
	ax := math.Abs(x)
	h := f.noseRelief(x, y) + f.mouthRelief(ax, y)
	e := f.eyes
	h += -0.15 * bump(ax, y, e.apart-0.03, -0.02, 0.27, 0.19) // socket
	h += 0.085 * bump(ax, y, e.apart, 0.0, 0.19, 0.13)        // eyeball under its lids
	h += 0.06 * f.brow * bump(ax, y, 0.38, f.brows.height, 0.32, 0.12)
	h += 0.05 * bump(x, y, 0, -0.6, 0.5, 0.3) // forehead
	h += (0.07*f.cheeks + 0.05*f.view.Smile) * bump(ax, y, 0.56, 0.36, 0.26, 0.22)
	h -= 0.05 * bump(ax, y, 0.7, 0.75, 0.2, 0.27) // hollow below the cheekbone
	h -= 0.04 * bump(ax, y, 0.9, -0.4, 0.18, 0.3)
	h += 0.08 * f.jowls * bump(x, y, 0, f.chin-0.22, 0.24, 0.17)
	return h + f.foldRelief(ax, y)
}

// foldRelief is the fold from the wing of the nose to the corner of the mouth.
func (f *figure) foldRelief(ax, y float64) float64 {
	top, bottom := f.nose.length-0.05, f.mouth.height+0.08
	if y < top-0.2 || y > bottom+0.25 {
		return 0
	}
	t := (y - top) / (bottom - top)
	middle := lerp(0.24*f.nose.wings, f.mouthWidth()+0.1, t)
	deep := (0.006 + 0.014*f.skin.age + 0.022*f.view.Smile) * smoothstep(-0.1, 0.2, t) * smoothstep(1.3, 0.7, t)
	d := ax - middle
	return deep * (1.2*bump(d, 0, 0.09, 0, 0.1, 1) - 1.6*bump(d, 0, 0, 0, 0.05, 1))
}

func (f *figure) noseRelief(x, y float64) float64 {
	n := f.nose
	t := (y + 0.12) / (n.length + 0.12) // 0 between the eyes, 1 at the base
	if t < -0.2 || t > 1.3 {
		return 0
	}
	rise := n.bridge*smoothstep(-0.2, 0.3, t) + (n.tip-n.bridge)*0.8*math.Pow(max(t, 0), 1.6)
	rise *= smoothstep(1.1, 0.84, t)
	wide := (0.105 + 0.055*t) * n.width
	h := rise * math.Exp(-square(x/wide))
	h += 0.11 * bump(x, y, 0, n.length*0.88, 0.115*n.width, 0.1)
	h += 0.15 * bump(math.Abs(x), y, 0.155*n.width*n.wings, n.length*0.92, 0.075, 0.085)
	return h - 0.06*bump(math.Abs(x), y, 0.24*n.width*n.wings, n.length*0.92, 0.04, 0.09)
}

// mouthWidth is half the mouth's width; a smile widens it.
func (f *figure) mouthWidth() float64 { return f.mouth.width * (1 + 0.16*f.view.Smile) }

// mouthLine is the height at which the lips meet; a smile lifts the corners.
func (f *figure) mouthLine(ax float64) float64 {
	u := ax / f.mouthWidth()
	return f.mouth.height + 0.008*math.Cos(u*5) - (0.02+0.09*f.view.Smile)*u*u
}

func (f *figure) mouthRelief(ax, y float64) float64 {
	m := f.mouth
	if y < m.height-0.5 || y > f.chin {
		return 0
	}
	dy := y - f.mouthLine(min(ax, f.mouthWidth()))
	u := min(1, ax/f.mouthWidth())
	full := math.Sqrt(1 - u*u)
	h := 0.09 * bump(ax, y, 0, m.height, 0.36, 0.26)
	h += 0.055 * full * bump(dy, 0, -0.45*m.upper, 0, 0.6*m.upper, 1)
	h += 0.07 * full * bump(dy, 0, 0.5*m.lower, 0, 0.6*m.lower, 1)
	h -= 0.05 * smoothstep(1.15, 0.9, ax/f.mouthWidth()) * bump(dy, 0, 0, 0, 0.022, 1)
	h -= 0.02 * bump(ax, y, 0, m.height-m.upper-0.09, 0.035, 0.08) // philtrum
	h -= 0.06 * bump(ax, y, 0, m.height+m.lower+0.1, 0.26, 0.07)
	return h - 0.03*bump(ax, dy, f.mouthWidth()+0.03, 0, 0.05, 0.06) // corners
}
