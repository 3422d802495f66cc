package detect_test

import (
	"context"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// blaze is an answer of BlazeFace with a confidence for some anchors. All other
// anchors are sure that there is no face.
func blaze(confidences map[int]float64, values map[int][]float32) []ort.Tensor {
	logits, lengths := slices.Repeat([]float32{-1e9}, 896), make([]float32, 16*896)
	for i, c := range confidences {
		logits[i] = float32(math.Log(c / (1 - c)))
		copy(lengths[16*i:], values[i])
	}
	return []ort.Tensor{rows(16, lengths...), rows(1, logits...)}
}

// An anchor of the 16x16 cells of 8 pixels and one of the 8x8 cells of 16 see
// one face; a third is not confident enough in the native reading.
func blazeNetwork(input ...int64) *scripted {
	const fine, coarse, unsure = 2 * (5*16 + 6), 512 + 6*(2*8+3) + 5, 1
	points := func(dx, dy float32) []float32 {
		return []float32{dx, dy, 20, 30, dx - 4, dy - 5, dx + 4, dy - 5, dx, dy, dx, dy + 6, 99, 99, 99, 99}
	}
	return untold(answering(input, blaze(
		map[int]float64{fine: 0.9, coarse: 0.8, unsure: 0.72},
		// Centres 52,44 and 56,40, so both boxes have their middle at 54,42, the
		// second's moved by 3,0; the third's anchor is at 4,4.
		map[int][]float32{fine: points(2, -2), coarse: points(1, 2), unsure: points(100, 80)},
	)...))
}

// A photograph of 256x128 pixels lies in the middle of 128x128, at half its
// size, from row 32 on. The face's middle is (0.9 x 54 + 0.8 x 57) / 1.7 in x.
func TestBlazeFace(t *testing.T) {
	t.Parallel()
	photo := uniform(t, 256, 128, orange)
	x := 2 * float32(0.9*54+0.8*57) / 1.7
	faceAt := func(x, y, confidence float32) face.Detection {
		return face.Detection{
			Box: face.Box{X1: x - 20, Y1: y - 30, X2: x + 20, Y2: y + 30}, Confidence: confidence,
			Landmarks: face.Landmarks{{X: x - 8, Y: y - 10}, {X: x + 8, Y: y - 10}, {X: x, Y: y}, {X: x, Y: y + 12}},
		}
	}
	network := blazeNetwork(-1, 3, 128, 128)
	wantDetections(t, detectWith(t, "blazeface", detect.Options{}, photo, network), []face.Detection{faceAt(x, 20, 0.85)})
	wantChannels(t, network.seen, 5, 31, [3]float32{-1, -1, -1})
	wantChannels(t, network.seen, 5, 32, [3]float32{230/127.5 - 1, 130/127.5 - 1, 30/127.5 - 1})

	found := detectWith(t, "blazeface", detect.Options{Profile: face.DeepFace}, photo, network)
	wantDetections(t, found, []face.Detection{faceAt(x, 20, 0.9), faceAt(208, 104, 0.72)})
	wantChannels(t, network.seen, 5, 32, [3]float32{30/127.5 - 1, 130/127.5 - 1, 230/127.5 - 1})
}

// At 256 pixels the anchors are twice as far apart, the lengths are not.
func TestBlazeFaceOfTheBackCamera(t *testing.T) {
	t.Parallel()
	network := blazeNetwork(1, 3, 256, 256)
	found := detectWith(t, "blazeface", detect.Options{Confidence: 0.85}, uniform(t, 256, 256, color.RGBA{A: 255}), network)
	if want := (face.Box{X1: 96, Y1: 71, X2: 116, Y2: 101}); len(found) != 1 || found[0].Box != want {
		t.Errorf("found %v, want one face at %v", found, want)
	}
}

// channelsLast shows a network whose channels come first as the converters of
// MediaPipe's own file do: channels last, the outputs the other way round.
type channelsLast struct {
	detect.Network
	side int64
}

func (c channelsLast) Inputs() []ort.Port {
	return []ort.Port{{Name: "input", Shape: []int64{1, c.side, c.side, 3}}}
}

func (c channelsLast) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	pixels := len(input.Data) / 3
	planar := make([]float32, len(input.Data))
	for i, v := range input.Data {
		planar[i%3*pixels+i/3] = v
	}
	out, err := c.Network.Run(ctx, ort.Tensor{Shape: []int64{1, 3, c.side, c.side}, Data: planar})
	slices.Reverse(out)
	return out, err
}

func TestBlazeFaceWithChannelsLast(t *testing.T) {
	t.Parallel()
	network := golden.Session(t, golden.Read(t, golden.Models(t)+"/blazeface_front_128.onnx"))
	photo := decode(t, golden.PhotoPath(t, "couple.jpg"))
	want := detectWith(t, "blazeface", detect.Options{}, photo, network)
	if len(want) != 2 {
		t.Fatalf("found %d faces, want 2", len(want))
	}
	wantDetections(t, detectWith(t, "blazeface", detect.Options{}, photo, channelsLast{network, 128}), want)
}
