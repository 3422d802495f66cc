package facedraw

import "math"

// Strengths and reaches of the light, chosen by eye.
const (
	exposure     = 1.0
	shadowReach  = 1.2 // head units that a shadow is followed towards the lamp
	shadowSteps  = 18
	shadowDepth  = 0.8  // share of the lamp's light that a full shadow takes
	nearReach    = 0.1  // radius of the darkening in creases, head units
	farReach     = 0.32 // radius of the darkening under chin and hair
	ambientDepth = 0.62
)

// lighting shades the samples of one canvas.
type lighting struct {
	lamp, half   vec
	key, ambient rgb
	depth        *field // shrink times coarser than the canvas
	near         *field // the same, blurred
	far          *field // the same, blurred, and a quarter as fine again
	shadow       *field
}

// shrink is how many samples a side of the depth field's cells holds.
const shrink = 3

func newLighting(v View, c *canvas) *lighting {
	saz, caz := math.Sincos(v.LightAzimuth * math.Pi / 180)
	sel, cel := math.Sincos(v.LightElevation * math.Pi / 180)
	l := &lighting{lamp: vec{saz * cel, -sel, caz * cel}}
	l.half = l.lamp.add(vec{0, 0, 1}).unit()
	tint := rgb{1 + 0.07*v.Warmth, 1, 1 - 0.1*v.Warmth}
	l.key = tint.scale(exposure * v.LightStrength * 1.7)
	l.ambient = rgb{0.98, 1, 1.03}.scale(exposure * (1 - v.LightStrength))
	l.depth = depthField(c, shrink)
	unit := c.camera.unit / shrink
	l.near = l.depth.blurred(nearReach * unit)
	l.far = l.depth.halved().halved().blurred(farReach * unit / 4)
	l.shadow = l.castShadow(unit).blurred(0.02 * unit)
	return l
}

// castShadow follows each cell towards the lamp and looks whether something
// nearer stands in the way. Shadows soften with the distance to what casts them.
func (l *lighting) castShadow(unit float64) *field {
	out := newField(l.depth.size)
	eachRow(out.size, func(y int) {
		for x := range out.size {
			z := l.depth.get(x, y)
			if z > backdrop {
				out.set(x, y, l.blocked(float64(x), float64(y), z, unit))
			}
		}
	})
	return out
}

func (l *lighting) blocked(x, y, z, unit float64) float64 {
	worst := 0.0
	for i := 1; i <= shadowSteps; i++ {
		d := shadowReach * square(float64(i)/shadowSteps)
		px, py := x+l.lamp.x*d*unit, y+l.lamp.y*d*unit
		over := l.depth.at(px, py) - (z + l.lamp.z*d)
		soft := 0.03 + 0.3*d
		worst = max(worst, smoothstep(0.015, 0.015+soft, over)*(1-0.6*d/shadowReach))
	}
	return worst
}

// shade is the light that a sample sends to the camera.
func (l *lighting) shade(m matter, x, y int, z float64) rgb {
	fx, fy := (float64(x)+0.5)/shrink-0.5, (float64(y)+0.5)/shrink-0.5
	open := 1 - ambientDepth*(0.7*smoothstep(0, 0.2, l.near.at(fx, fy)-z)+0.6*smoothstep(0.02, 0.7, l.far.at((fx-1.5)/4, (fy-1.5)/4)-z))
	lit := 1 - shadowDepth*l.shadow.at(fx, fy)
	n := m.normal.unit()
	if n.z < 0 {
		n = n.scale(-1) // the inner side of falling hair
	}
	facing := n.dot(l.lamp)
	wrap := func(w float64) float64 { w *= m.scatter; return max(0, (facing+w)/(1+w)) }
	direct := rgb{wrap(0.45), wrap(0.28), wrap(0.22)}.times(l.key).scale(lit)
	if m.scatter > 0 {
		direct = direct.times(rgb{1, lerp(1, 0.5+0.5*lit, 0.25), lerp(1, 0.5+0.5*lit, 0.3)})
	}
	sky := l.ambient.scale(open * (0.8 - 0.25*n.y + 0.15*n.z))
	colour := m.colour.times(direct.add(sky))
	return colour.add(l.highlight(m, n).scale(lit * open))
}

// highlight is the lamp's reflection: a spot on skin, a band across strands
// (Kajiya and Kay, 1989).
func (l *lighting) highlight(m matter, n vec) rgb {
	spot := math.Pow(max(0, n.dot(l.half)), m.shine)
	if m.strands {
		along := vec{0, 1, 0}.sub(n.scale(n.y)).unit()
		spot = math.Pow(max(0, 1-square(along.dot(l.half))), m.shine/2) * max(0, n.dot(l.lamp))
		return m.colour.add(rgb{0.02, 0.02, 0.02}).times(l.key).scale(m.gloss * spot * 1.6)
	}
	return l.key.scale(m.gloss * spot * 0.5)
}
