package facedraw_test

import (
	"image"
	"math"
	"testing"

	"github.com/visagedb/visage/internal/facedraw"
)

// TestTexturesTellPeopleApart identifies each sample's probe among all enrolled
// views by plain local binary pattern histograms of the eye-aligned face: the
// nearest enrolled view must be the same person's, by a margin.
func TestTexturesTellPeopleApart(t *testing.T) {
	t.Parallel()
	people := facedraw.Samples(5, 1, 1)
	enrolled := make([][][]float64, len(people))
	for i, s := range people {
		for _, v := range s.Enrolled {
			enrolled[i] = append(enrolled[i], describe(s, v))
		}
	}
	for i, s := range people {
		probe := describe(s, s.Probes[0])
		mate, impostor := math.Inf(1), math.Inf(1)
		for j := range people {
			for _, e := range enrolled[j] {
				d := cosineDistance(probe, e)
				if i == j {
					mate = min(mate, d)
				} else {
					impostor = min(impostor, d)
				}
			}
		}
		if mate > 0.9*impostor {
			t.Errorf("%s: nearest view of the same person at %.3f, of another at %.3f", s.Name, mate, impostor)
		}
	}
}

// The crop is 112 pixels a side with the eyes where face recognisers commonly
// have them.
const (
	cropSide           = 112
	cropEyeX, cropEyeY = 38.3, 51.6
	cropEyes           = 35.2 // between the eyes
	cells              = 7
)

// describe is the square-rooted, unit length histogram of basic LBP codes.
func describe(s facedraw.Sample, v facedraw.View) []float64 {
	crop := align(s.Draw(v), s.Person, v)
	hist := make([]float64, cells*cells*256)
	around := [8][2]int{{-2, -2}, {0, -2}, {2, -2}, {2, 0}, {2, 2}, {0, 2}, {-2, 2}, {-2, 0}}
	total := 0.0
	for y := 2; y < cropSide-2; y++ {
		for x := 2; x < cropSide-2; x++ {
			code := 0
			for bit, d := range around {
				if crop[(y+d[1])*cropSide+x+d[0]] >= crop[y*cropSide+x] {
					code |= 1 << bit
				}
			}
			hist[(y*cells/cropSide*cells+x*cells/cropSide)*256+code]++
			total++
		}
	}
	for i := range hist {
		hist[i] = math.Sqrt(hist[i] / total)
	}
	return hist
}

func align(img *image.RGBA, p facedraw.Person, v facedraw.View) []float64 {
	left, right := p.Eyes(v, img.Bounds().Dx())
	cos, sin := (right[0]-left[0])/cropEyes, (right[1]-left[1])/cropEyes
	crop := make([]float64, cropSide*cropSide)
	for i := range crop {
		for k := range 4 { // four samples a pixel, since the crop is smaller than the picture
			x := float64(i%cropSide) - cropEyeX + 0.5*float64(k%2) - 0.25
			y := float64(i/cropSide) - cropEyeY + 0.5*float64(k/2) - 0.25
			crop[i] += luma(img, left[0]+cos*x-sin*y, left[1]+sin*x+cos*y) / 4
		}
	}
	return crop
}

func cosineDistance(a, b []float64) float64 {
	dot := 0.0
	for i := range a {
		dot += a[i] * b[i]
	}
	return 1 - dot
}
