package detect

import (
	"fmt"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
)

// planes describes the tensor that a network takes: colour order, and the map
// (x-mean)*scale on pixels of 0 to 255. The padding around the photograph is
// black before that map.
type planes struct {
	rgb         bool // blue, green, red otherwise
	mean, scale float32
}

// tensor lays the photograph at the top left of a width x height canvas, as
// 1x3xHxW.
func (p planes) tensor(photo *cv.Image, width, height int) (ort.Tensor, error) {
	pixels, err := photo.Pixels()
	if err != nil {
		return ort.Tensor{}, err
	}
	w, h := photo.Width(), photo.Height()
	if w > width || h > height || photo.Channels() != 3 {
		return ort.Tensor{}, fmt.Errorf("photograph of %dx%d pixels and %d channels does not fit the network's %dx%d", w, h, photo.Channels(), width, height)
	}
	plane := width * height
	data := make([]float32, 3*plane)
	if black := -p.mean * p.scale; black != 0 {
		for i := range data {
			data[i] = black
		}
	}
	first, last := data[:plane], data[2*plane:] // where blue and red go
	if p.rgb {
		first, last = last, first
	}
	green := data[plane : 2*plane]
	for y := range h {
		row := pixels[y*w*3 : (y+1)*w*3]
		at := y * width
		for x := 0; x < len(row); x, at = x+3, at+1 {
			first[at] = (float32(row[x]) - p.mean) * p.scale
			green[at] = (float32(row[x+1]) - p.mean) * p.scale
			last[at] = (float32(row[x+2]) - p.mean) * p.scale
		}
	}
	return ort.Tensor{Shape: []int64{1, 3, int64(height), int64(width)}, Data: data}, nil
}

// round32 is the next multiple of 32, the coarsest stride of the networks.
func round32(n int) int { return (n + 31) / 32 * 32 }

// clip01 limits a probability that rounding may have taken out of [0,1].
func clip01(v float32) float32 { return min(max(v, 0), 1) }

func exp32(v float32) float32 { return float32(math.Exp(float64(v))) }

func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }
