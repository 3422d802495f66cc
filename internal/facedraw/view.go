package facedraw

import "math/rand/v2"

// View is one taking of a picture. The zero value is no useful view: Frontal
// and NewView make them.
type View struct {
	Yaw   float64 // degrees to the picture's right, -15 to 15
	Pitch float64 // degrees downwards, -10 to 10
	Roll  float64 // degrees clockwise, -8 to 8

	Scale            float64 // of the head in the picture, 0.85 to 1.1; at 1 it is 55 % as wide as the picture
	OffsetX, OffsetY float64 // of the head from the picture's middle, in head units, -0.2 to 0.2

	LightAzimuth   float64 // degrees from the camera to the picture's right, -60 to 60
	LightElevation float64 // degrees above the eyes, 0 to 60
	LightStrength  float64 // share of the light that comes from the lamp, 0.3 to 0.8
	Warmth         float64 // -1 blue to 1 orange

	Smile float64 // 0 serious to 1
	Lids  float64 // opening of the eyes, 0.8 to 1.1
	Gaze  float64 // where the eyes look, -1 left to 1 right

	Noise float64 // standard deviation of the sensor's noise, in grey levels of 255, 0 to 4
	Blur  float64 // standard deviation of the lens's blur, in pixels, 0 to 1.5
	Seed  uint64  // of the noise and the background
}

// Frontal is a straight look into the camera under a soft light.
func Frontal() View {
	return View{
		Scale: 1, LightAzimuth: -25, LightElevation: 35, LightStrength: 0.5,
		Smile: 0.2, Lids: 1, Noise: 1, Blur: 0.4,
	}
}

// NewView draws a view from a seed, within the ranges that a frontal face
// detector copes with.
func NewView(seed uint64) View {
	r := rand.New(rand.NewPCG(seed, 0x67656c6c))
	in := func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
	return View{
		Yaw: in(-7, 7), Pitch: in(-3.5, 3.5), Roll: in(-5, 5),
		Scale: in(0.92, 1.06), OffsetX: in(-0.12, 0.12), OffsetY: in(-0.08, 0.08),
		LightAzimuth: in(-25, 25), LightElevation: in(25, 42), LightStrength: in(0.38, 0.52), Warmth: in(-0.6, 0.8),
		Smile: in(0, 0.65), Lids: in(0.93, 1.05), Gaze: in(-0.6, 0.6),
		Noise: in(0.4, 1.2), Blur: in(0.2, 0.5), Seed: seed,
	}
}
