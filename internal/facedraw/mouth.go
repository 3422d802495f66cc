package facedraw

import "math"

// paintMouth draws the lips and the line between them.
func (f *figure) paintMouth(m *matter, x, y float64) {
	ax, w := math.Abs(x), f.mouthWidth()
	u := ax / w
	if u > 1.25 || math.Abs(y-f.mouth.height) > 0.4 {
		return
	}
	line := f.mouthLine(min(ax, w))
	dy := y - line
	top, bottom := f.lips(u, x)
	soft := 0.014
	inside := smoothstep(-soft, soft, dy+top) * smoothstep(soft, -soft, dy-bottom) * smoothstep(1.02, 0.93, u)
	if inside > 0 {
		f.paintLips(m, x, dy, top, bottom, inside)
	}
	ends := smoothstep(1.1, 0.96, u)
	parted := 0.012 + 0.006*(1-u*u) + 0.004*math.Sin(3*u)
	m.cover(f.mouth.colour.times(rgb{0.16, 0.1, 0.1}), 0.92*ends*smoothstep(parted*1.5, parted*0.4, math.Abs(dy)))
	m.darken(0.35 * bump(ax, y, w+0.015, line, 0.04, 0.035))
	m.darken(0.22 * smoothstep(0.9, 0.4, u) * bump(dy, 0, bottom+0.045, 0, 0.035, 1))
}

// lips are the thicknesses of both lips at u, the share of half the width.
func (f *figure) lips(u, x float64) (top, bottom float64) {
	full := max(0, 1-u*u)
	notch := 1 - f.mouth.bow*math.Exp(-square(x/0.06)) + 0.12*math.Exp(-square((math.Abs(x)-0.1)/0.07))
	stretch := 1 - 0.18*f.view.Smile
	return f.mouth.upper * stretch * math.Pow(full, 0.8) * notch, f.mouth.lower * stretch * math.Pow(full, 0.7)
}

func (f *figure) paintLips(m *matter, x, dy, top, bottom, inside float64) {
	colour := f.mouth.colour
	furrows := noise(x*38, dy*5, 0, f.seed+80)
	colour = colour.scale(0.86 + 0.3*furrows)
	if dy < 0 {
		colour = colour.scale(0.8 - 0.12*smoothstep(top, 0, -dy)) // the upper lip looks down
	} else {
		colour = colour.scale(1.08 - 0.2*smoothstep(bottom*0.5, bottom, dy))
	}
	m.cover(colour, 0.86*inside)
	m.gloss = lerp(m.gloss, 0.3, inside)
	m.shine = lerp(m.shine, 28, inside)
}
