package facedraw

import "math"

// paintBeard draws whiskers where the person's kind of beard grows.
func (f *figure) paintBeard(m *matter, c vec) {
	kind := f.skin.beard
	if kind == shaven {
		return
	}
	grown := f.beardCover(kind, math.Abs(c.x), c.y) * f.skin.whiskers
	if grown <= 0.01 {
		return
	}
	fine := noise(c.x*70, c.y*34, c.z*70, f.seed+90)
	coarse := noise(c.x*26, c.y*11, c.z*26, f.seed+91)
	whisker := smoothstep(0.2, 0.8, 0.6*fine+0.4*coarse)
	if kind == stubble {
		m.cover(f.hair.colour.mix(f.skin.tone, 0.25), grown*(0.22+0.4*whisker))
		return
	}
	opacity := smoothstep(0.15, 0.65, grown+(whisker-0.5)*0.6)
	m.cover(f.hair.colour.scale(0.4+0.8*whisker), 0.88*opacity)
	m.gloss *= 1 - 0.8*opacity
}

// beardCover is how dense the beard is at a frontal position, 0 to 1.
func (f *figure) beardCover(kind beard, ax, y float64) float64 {
	ragged := 0.08 * (noise(ax*9, y*9, 0, f.seed+92) - 0.5)
	lip := f.lipCover(ax, y, ragged)
	chin := smoothstep(0.4, 0.24, ax+ragged) * smoothstep(f.mouth.height+0.16, f.mouth.height+0.28, y+ragged)
	switch kind {
	case moustache:
		return lip
	case goatee:
		ring := smoothstep(0.1, 0.03, math.Abs(ax-f.mouthWidth()-0.06)) * smoothstep(f.mouth.height-0.12, f.mouth.height, y) * smoothstep(f.chin, f.chin-0.3, y)
		return max(lip, chin, ring)
	}
	// The cheek's line runs from the sideburn down towards the mouth.
	line := lerp(f.mouth.height-0.08, 0.15, smoothstep(f.mouthWidth(), 0.95*f.width, ax))
	cheek := smoothstep(line-0.1, line+0.2, y+ragged) * smoothstep(f.mouthWidth()-0.02, f.mouthWidth()+0.1, ax)
	soul := smoothstep(0.14, 0.05, ax) * smoothstep(f.mouth.height+f.mouth.lower+0.02, f.mouth.height+f.mouth.lower+0.07, y)
	below := smoothstep(f.mouth.height+0.2, f.mouth.height+0.3, y+ragged)
	return max(lip*0.95, cheek, below, soul)
}

// lipCover is the moustache: between nose and upper lip, a little past the corners.
func (f *figure) lipCover(ax, y, ragged float64) float64 {
	u := min(1, ax/f.mouthWidth())
	top, _ := f.lips(u, ax)
	low := f.mouthLine(min(ax, f.mouthWidth())) - top*0.9
	high := f.nose.length + 0.08 + 0.12*u*u
	return smoothstep(high-0.06, high+0.02, y+ragged) * smoothstep(low+0.03, low-0.02, y) * smoothstep(f.mouthWidth()+0.12, f.mouthWidth()-0.02, ax)
}
