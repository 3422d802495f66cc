package facedraw

import "math/rand/v2"

// Person is somebody who does not exist. All fields follow from the seed.
type Person struct {
	seed uint32 // of the textures

	// The head: lengths in head units, ratios around 1.
	width, chin, crown  float64
	jaw                 float64 // exponent of the lower outline: 1.7 pointed to 2.6 square
	cheeks, brow, jowls float64 // relief of cheekbones, brow ridge and chin

	eyes  eyes
	brows brows
	nose  nose
	mouth mouth
	skin  skin
	hair  hair
	shirt rgb
}

type eyes struct {
	apart         float64 // from the middle to an eye's centre
	width, height float64 // half width; height of the upper lid's arc
	tilt          float64 // rise of the outer corner per unit of width
	crease        float64 // distance of the lid's fold above its edge
	iris          rgb
}

type brows struct {
	height, thick, arch, tilt float64
	inner, outer              float64 // where they begin and end, from the middle
	density                   float64
}

type nose struct {
	length, width, tip, bridge, wings float64
}

type mouth struct {
	height, width float64 // below the eyes; half width
	upper, lower  float64 // thickness of the lips
	bow           float64 // depth of the notch of the upper lip
	colour        rgb
}

type skin struct {
	tone     rgb
	ruddy    float64 // redness of cheeks and nose
	freckles float64
	pores    float64 // how fine its grain is, per head unit
	stretch  float64 // which way the grain runs: below 1 across, above 1 down
	age      float64 // 0 smooth to 1 lined
	moles    []mole
	beard    beard
	whiskers float64 // how far the beard has grown, 0 to 1
}

type mole struct{ x, y, size float64 }

type beard int

const (
	shaven beard = iota
	stubble
	moustache
	goatee
	fullBeard
)

type style int

const (
	cropped style = iota
	sidePart
	longStraight
	bob
	tiedBack
	curly
	fringe
	receding
)

type hair struct {
	style   style
	colour  rgb
	line    float64 // height of the hairline above the eyes, negative
	volume  float64
	parting float64 // side of the parting: below 0 left, above 0 right
}

// The palettes. Consecutive seeds walk through them with steps that share no
// divisor with their lengths, so that any dozen of people is a mixed one.
var (
	tones = []rgb{
		srgb(226, 186, 162), srgb(198, 150, 118), srgb(232, 196, 176), srgb(124, 82, 60),
		srgb(229, 187, 156), srgb(160, 112, 82), srgb(214, 170, 136), srgb(96, 64, 48),
	}
	hairColours = []rgb{
		srgb(38, 28, 24), srgb(92, 62, 40), srgb(26, 24, 26), srgb(190, 152, 98),
		srgb(62, 42, 30), srgb(140, 74, 40), srgb(112, 108, 106),
	}
	irises = []rgb{
		srgb(88, 58, 34), srgb(70, 104, 140), srgb(60, 40, 26), srgb(92, 112, 72), srgb(112, 124, 132),
	}
	shirts = []rgb{
		srgb(52, 74, 110), srgb(120, 52, 56), srgb(70, 92, 78), srgb(196, 190, 180),
		srgb(60, 60, 66), srgb(168, 132, 82), srgb(92, 78, 120),
	}
	styles = []style{cropped, longStraight, sidePart, fringe, curly, tiedBack, receding, bob}
)

// darkTone is the brightness of skin below which hair and eyes are drawn dark.
const darkTone = 0.2

// NewPerson draws a person from a seed. Neighbouring seeds give people of
// different looks.
func NewPerson(seed uint64) Person {
	r := rand.New(rand.NewPCG(seed, 0x76697361))
	in := func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
	n := int(seed % 5040)
	p := Person{
		seed:  uint32(r.Uint64()),
		width: in(0.91, 1.05), crown: in(1.4, 1.5),
		jaw: in(1.9, 2.5), cheeks: in(0.2, 1.2), brow: in(0.4, 1.2), jowls: in(0.5, 1.3),
		shirt: shirts[(n*3+n/8)%len(shirts)],
	}
	p.eyes = eyes{
		apart: in(0.405, 0.465), width: in(0.19, 0.225), height: in(0.085, 0.125),
		tilt: in(-0.08, 0.2), crease: in(0.05, 0.11), iris: irises[(n*2+n/5)%len(irises)],
	}
	p.brows = brows{
		height: in(-0.31, -0.22), thick: in(0.04, 0.085), arch: in(0.0, 0.1), tilt: in(-0.04, 0.09),
		inner: in(0.15, 0.22), outer: in(0.68, 0.76), density: in(0.7, 1),
	}
	p.nose = nose{
		length: in(0.55, 0.67), width: in(0.85, 1.35), tip: in(0.34, 0.48), bridge: in(0.04, 0.14), wings: in(0.8, 1.25),
	}
	p.mouth = mouth{
		height: p.nose.length + in(0.26, 0.33), width: in(0.28, 0.37),
		upper: in(0.06, 0.105), lower: in(0.085, 0.135), bow: in(0.1, 0.5),
	}
	p.chin = p.mouth.height + in(0.55, 0.66)
	p.skin = skin{
		tone: tones[(n*3+n/8)%len(tones)], ruddy: in(0.2, 1), freckles: square(in(0, 1)), age: square(in(0, 1)), pores: in(11, 19), stretch: in(0.65, 1.5), whiskers: in(0.6, 1),
	}
	p.hair = hair{
		style: styles[n%len(styles)], colour: hairColours[(n*2+n/7)%len(hairColours)],
		line: in(-0.93, -0.8), volume: in(0.8, 1.25), parting: in(-1, 1),
	}
	p.settle(in, r.IntN)
	return p
}

// settle draws what depends on other traits.
func (p *Person) settle(in func(lo, hi float64) float64, pick func(n int) int) {
	if p.skin.tone.r < darkTone {
		p.eyes.iris = irises[2]
		p.hair.colour = hairColours[2*pick(2)]
	}
	p.mouth.colour = p.skin.tone.times(rgb{in(0.72, 0.95), in(0.4, 0.58), in(0.42, 0.62)})
	switch p.hair.style {
	case cropped, sidePart, receding:
		p.skin.beard = beard(pick(int(fullBeard) + 1))
		p.jaw += 0.15
		p.brows.thick *= 1.15
	case curly:
		p.skin.beard = beard(pick(int(stubble) + 1))
	default:
		p.brows.thick *= 0.8
		p.skin.freckles *= 1.3
		p.mouth.colour = p.mouth.colour.mix(srgb(150, 52, 60), 0.3*clamp(2*p.skin.tone.r, 0.2, 1))
	}
	for range pick(5) {
		p.skin.moles = append(p.skin.moles, mole{in(-0.75, 0.75), in(-0.1, 1.2), in(0.016, 0.03)})
	}
}
