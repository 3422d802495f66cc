package facedraw

import "math"

// The eye's parts, in head units. An iris is 11.7 mm wide, half a face about
// 70 mm; the drawn one is a little larger, as portraits have it.
const (
	irisRadius  = 0.097
	pupilRadius = 0.041
	lashWidth   = 0.026
	edge        = 0.008 // softness of outlines, about two samples
)

// paintEye draws the eye on the side of x: ball, lids, lashes and crease.
func (f *figure) paintEye(m *matter, x, y float64) {
	e := f.eyes
	side := 1.0
	if x < 0 {
		side = -1
	}
	dx := x*side - e.apart // outwards
	dy := y + e.tilt*dx
	if math.Abs(dx) > e.width*1.5 || math.Abs(dy) > 0.4 {
		return
	}
	upper, lower := f.lids(dx)
	u := dx / e.width
	f.paintCrease(m, u, dy, upper)
	inside := smoothstep(-edge, edge, dy-upper) * smoothstep(edge, -edge, dy-lower) * smoothstep(1.02, 0.97, math.Abs(u))
	if inside > 0 {
		f.paintBall(m, dx, dy, upper, lower, side, inside)
	}
	f.paintLashes(m, u, dy, upper, lower)
}

// lids are the heights of the edges of the upper and lower lid at dx.
func (f *figure) lids(dx float64) (upper, lower float64) {
	u := clamp(dx/f.eyes.width, -1, 1)
	skew := u + 0.16*(1-u*u) // the upper lid is highest towards the nose
	arc := math.Pow(max(0, 1-skew*skew), 0.72)
	open := f.view.Lids - 0.12*f.view.Smile
	upper = -f.eyes.height * open * arc
	lower = f.eyes.height * 0.55 * (1 - 0.15*f.view.Smile) * (1 - math.Pow(math.Abs(u-0.1*(1-u*u)), 2.2))
	return upper, max(upper, lower)
}

// paintBall draws white, iris, pupil and the lamp's reflection.
func (f *figure) paintBall(m *matter, dx, dy, upper, lower, side, inside float64) {
	gx := dx - 0.035*f.view.Gaze*side
	gy := dy + 0.014
	r := math.Hypot(gx, gy)
	u := dx / f.eyes.width
	white := rgb{0.56, 0.53, 0.5}.scale(1 - 0.42*math.Pow(math.Abs(u), 2.5))
	white = white.mix(rgb{0.5, 0.2, 0.17}, 0.65*smoothstep(-0.78, -1, u))
	ball := white.mix(f.iris(gx, gy, r), smoothstep(irisRadius+edge, irisRadius-edge, r))
	ball = ball.scale(1 - 0.6*smoothstep(0.055, 0, dy-upper)) // shadow of the upper lid
	ball = ball.scale(1 - 0.25*smoothstep(0.02, 0, lower-dy))
	lamp := side * math.Sin(f.view.LightAzimuth*math.Pi/180) * 0.04
	glint := smoothstep(0.026, 0.014, math.Hypot(gx-lamp, gy+0.034))
	ball = ball.mix(rgb{0.95, 0.95, 0.97}, 0.9*glint)
	m.cover(ball, inside)
	m.gloss *= 1 - 0.8*inside
}

// iris is the colour of the iris and pupil at an offset from its centre.
func (f *figure) iris(gx, gy, r float64) rgb {
	angle := math.Atan2(gy, gx)
	rays := noise(angle*7+20, r*18, 0, f.seed+50)
	c := f.eyes.iris.scale(0.3 + 0.6*rays)
	c = c.scale(1 + 0.7*smoothstep(0.02, 0.09, gy)) // light falls through to the lower half
	c = c.scale(1 - 0.85*smoothstep(irisRadius*0.72, irisRadius, r))
	return c.mix(rgb{0.006, 0.005, 0.005}, smoothstep(pupilRadius+edge, pupilRadius-edge, r))
}

// paintCrease draws the fold of the upper lid and the rim of the lower one.
func (f *figure) paintCrease(m *matter, u, dy, upper float64) {
	if math.Abs(u) > 1.2 {
		return
	}
	fade := smoothstep(1.2, 0.75, math.Abs(u))
	fold := upper*1.05 - f.eyes.crease*(0.65+0.35*(1-u*u))
	m.darken(0.5 * fade * bump(dy, 0, fold, 0, 0.017, 1))
	m.darken(0.2 * fade * bump(dy, 0, fold-0.03, 0, 0.05, 1))
}

// paintLashes draws the dark upper edge, thicker outwards, and the fine lower.
func (f *figure) paintLashes(m *matter, u, dy, upper, lower float64) {
	if u < -1.02 || u > 1.16 {
		return
	}
	wing := smoothstep(1.16, 0.9, u) * smoothstep(-1.02, -0.8, u)
	thick := lashWidth * (0.55 + 0.6*smoothstep(-1, 0.9, u))
	hairs := 0.75 + 0.5*noise(u*22, dy*8, 0, f.seed+60)
	ink := f.hair.colour.scale(0.25).add(rgb{0.006, 0.004, 0.004})
	tail := 0.02 * smoothstep(0.95, 1.15, u)
	m.cover(ink, 0.95*wing*smoothstep(thick*hairs, thick*0.25, math.Abs(dy-upper+0.006+tail)))
	m.cover(f.skin.tone.times(rgb{0.3, 0.18, 0.16}), 0.6*smoothstep(1.03, 0.8, math.Abs(u))*smoothstep(0.013, 0.003, math.Abs(dy-lower)))
}
