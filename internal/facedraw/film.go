package facedraw

import (
	"image"
	"image/color"
	"math"
)

// background is a plastered wall: a gradient with soft patches and a fine grain.
type background struct {
	top, bottom, patch rgb
	seed               uint32
}

// plasterGrain is how many grains of the wall's plaster a picture is wide. It is
// what makes the wall look the same to a texture descriptor wherever it is lit.
const plasterGrain = 190

var walls = []rgb{
	srgb(168, 176, 182), srgb(190, 180, 164), srgb(140, 156, 150), srgb(128, 138, 158), srgb(178, 168, 172), srgb(206, 204, 198),
}

func newBackground(v View) background {
	seed := uint32(v.Seed) * 2654435761
	pick := func(k int) rgb { return walls[hash(k, 0, 0, seed)%uint32(len(walls))] }
	base := pick(1)
	return background{base, base.scale(0.75), base.mix(pick(2), 0.5), seed}
}

func (b background) colour(x, y float64) rgb {
	c := b.top.mix(b.bottom, smoothstep(-0.1, 1.2, y))
	c = c.mix(b.patch, 0.8*smoothstep(0.3, 0.8, noise(x*1.7, y*1.7, 0, b.seed+1)))
	plaster := noise(x*plasterGrain, y*plasterGrain, 0, b.seed+2) + noise(x*plasterGrain/2, y*plasterGrain/2, 0, b.seed+3) - 1
	return c.scale(1 + 0.12*plaster)
}

// develop turns light into a picture: lens blur, tone curve, sensor noise.
func develop(film [3]*field, v View, size int) *image.RGBA {
	for i := range film {
		film[i] = film[i].blurred(v.Blur)
	}
	out := image.NewRGBA(image.Rect(0, 0, size, size))
	seed := uint32(v.Seed) ^ 0x5bd1e995
	eachRow(size, func(y int) {
		for x := range size {
			common := gaussian(x, y, 3, seed)
			level := func(k int) uint8 {
				grain := v.Noise * (0.8*common + 0.6*gaussian(x, y, k, seed))
				return uint8(clamp(255*tone(film[k].get(x, y))+grain+0.5, 0, 255))
			}
			out.SetRGBA(x, y, color.RGBA{level(0), level(1), level(2), 255})
		}
	})
	return out
}

// tone is the camera's curve from linear light to [0,1]: gamma with a soft
// shoulder, so that highlights do not burn out.
func tone(v float64) float64 {
	const knee = 0.7
	t := math.Pow(max(v, 0), 1/gamma)
	if t < knee {
		return t
	}
	return knee + (1-knee)*(1-math.Exp(-(t-knee)/(1-knee)))
}

// gaussian is noise of mean 0 and standard deviation 1, by the sum of four
// uniform values.
func gaussian(x, y, k int, seed uint32) float64 {
	h := hash(x, y, k, seed)
	sum := float64(h&255) + float64(h>>8&255) + float64(h>>16&255) + float64(h>>24)
	return (sum - 510) / 147.8
}
