package facedraw

import "math"

// cut is the shape of a hair style, in head units and radians.
type cut struct {
	top, side float64 // how far the hair stands off the skull
	length    float64 // height at which it ends below; 0 where only the nape counts
	curtain   float64 // angle from the middle of the face where falling hair begins
	flare     float64 // how much wider falling hair grows
	fringe    float64 // how far the hairline is lowered over the forehead
	recess    float64 // how far it draws back at the temples
	curl      float64 // 0 straight to 1
	sweep     float64 // slant of the strands
}

// cuts are the shapes of the styles.
var cuts = [...]cut{
	cropped:      {top: 0.1, side: 0.045, recess: 0.06},
	sidePart:     {top: 0.2, side: 0.06, recess: 0.04, sweep: 0.55},
	longStraight: {top: 0.11, side: 0.1, length: 2.3, curtain: 1.12, flare: 0.22, sweep: 0.1},
	bob:          {top: 0.16, side: 0.17, length: 1.15, curtain: 1.15, flare: 0.1, sweep: 0.25},
	tiedBack:     {top: 0.06, side: 0.035, sweep: 0.05},
	curly:        {top: 0.25, side: 0.27, length: 0.7, curtain: 1.2, flare: 0.08, curl: 1},
	fringe:       {top: 0.13, side: 0.12, length: 1.6, curtain: 1.12, flare: 0.12, fringe: 0.27},
	receding:     {top: 0.05, side: 0.035, fringe: -0.22, recess: 0.22},
}

const (
	hairRows    = 130
	hairColumns = 180
	nape        = 0.85 // height at which short hair ends behind
)

// hairSurface is a shell around the skull; hairPaint cuts it to shape.
func (f *figure) hairSurface() *surface {
	k := cuts[f.hair.style]
	low := max(nape, k.length) + 0.2
	return newSurface(hairRows, hairColumns, hairPaint{f, k}, 0, func(row, col float64) (vec, vec) {
		theta := (2*col - 1) * math.Pi
		y := low * (row - 0.6) / 0.4
		if row < 0.6 {
			y = -f.crown * math.Cos(row/0.6*math.Pi/2)
		}
		return f.hairPoint(k, theta, y), vec{theta, y, 0}
	})
}

func (f *figure) hairPoint(k cut, theta, y float64) vec {
	at := f.skull(theta, min(y, 0))
	high := smoothstep(-0.25, -1.2, y)
	thick := lerp(k.side, k.top*f.hair.volume, high)
	if k.sweep > 0.3 { // swept hair is higher on the far side of the parting
		thick *= 1 + 0.35*at.x/f.width*sign(f.hair.parting)*high
	}
	thick += k.curl * 0.2 * (fractal(at.x*4.5, at.y*4.5, at.z*4.5, f.seed+100) - 0.5)
	thick += 0.02 * (noise(theta*9, y*1.5, 0, f.seed+101) - 0.5)
	thick = max(0.012, thick*smoothstep(-0.1, 0.25, f.hairCover(theta, y))) // thin at the hairline
	grow := 1 + thick
	if y > 0 {
		grow += k.flare * smoothstep(0, 1.6, y) * (1 + 0.12*math.Sin(y*4+theta*2))
		grow -= 0.3 * smoothstep(k.length-0.5, k.length+0.25, y) * k.flare
		at.y = y
	}
	if k.length == 0 && y > 0 {
		at = f.skull(theta, y)
	}
	return vec{at.x * grow, at.y * lerp(1, 1+thick*0.85, high), at.z * grow}
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

// hairCover is positive where hair grows or falls, about the distance to its
// edge.
func (f *figure) hairCover(theta, y float64) float64 {
	k := cuts[f.hair.style]
	a := math.Abs(theta)
	line := f.hairline(k, a, theta)
	if k.length == 0 {
		return line - y
	}
	curtain := 2.2 * (a - k.curtain - 0.06*math.Sin(y*2.3+theta))
	return max(line-y, min(curtain, k.length-y))
}

// hairline is the height of the hair's lower edge at an angle from the middle
// of the face, for hair that does not fall.
func (f *figure) hairline(k cut, a, theta float64) float64 {
	front := f.hair.line + k.fringe
	if k.sweep > 0.3 {
		front += 0.07 * math.Sin(theta*2.2) * sign(f.hair.parting)
	}
	knots := [...][2]float64{
		{0, front + 0.02}, {0.45, front}, {0.82, front + 0.16 - k.recess}, {1.02, -0.42 - 0.3*k.recess},
		{1.18, -0.1}, {1.27, 0.22}, {1.38, 0.2}, {1.5, -0.2}, {1.75, -0.25}, {1.95, 0.4}, {2.3, 0.9}, {math.Pi, nape},
	}
	for i := 1; i < len(knots); i++ {
		if a <= knots[i][0] {
			t := (a - knots[i-1][0]) / (knots[i][0] - knots[i-1][0])
			return lerp(knots[i-1][1], knots[i][1], ease(t))
		}
	}
	return nape
}

// hairPaint covers the shell. Its coordinate is angle and height.
type hairPaint struct {
	f *figure
	k cut
}

func (p hairPaint) solid(c vec) bool {
	cover := p.f.hairCover(c.x, c.y)
	if cover > 0.2 {
		return true
	}
	rag := 0.16
	if p.k.fringe > 0 {
		rag = 0.22
	}
	n := 0.6*noise(c.x*34+p.slant(c), c.y*2.2, 0, p.f.seed+110) + 0.4*noise(c.x*90+2*p.slant(c), c.y*4, 0, p.f.seed+111)
	if p.k.curl > 0 {
		n = fractal(c.x*8, c.y*8, 0, p.f.seed+112)
	}
	return cover+(n-0.5)*rag > 0.05
}

func (p hairPaint) slant(c vec) float64 { return 14 * p.k.sweep * sign(p.f.hair.parting) * c.y }

func (p hairPaint) matter(c, normal vec) matter {
	s := p.f.seed
	x := c.x + 0.04*noise(c.x*6, c.y*2, 0, s+113)
	wide := noise(x*22+p.slant(c), c.y*1.6, 0, s+114)
	fine := noise(x*75+3*p.slant(c), c.y*3.5, 0, s+115)
	finest := noise(x*170+6*p.slant(c), c.y*6, 0, s+116)
	if p.k.curl > 0 {
		wide, fine = fractal(c.x*7, c.y*7, 0, s+117), fractal(c.x*16, c.y*16, 0, s+118)
	}
	strand := 0.4*wide + 0.35*fine + 0.25*finest
	colour := p.f.hair.colour.scale(0.35 + 1.3*strand)
	bent := normal.add(vec{1.1 * (fine - 0.5), 0.5 * p.k.curl * (wide - 0.5), 0}).unit()
	return matter{colour: colour, normal: bent, gloss: 0.25 + 0.5*strand, shine: 24, strands: true}
}
