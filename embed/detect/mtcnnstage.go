package detect

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/ort"
)

// mtcnnBatch is how many windows go into one run of a network, so that a
// photograph with many candidates takes no more memory than one with few: 128
// of 48x48 are 3.5 MB, and some ten times that inside the output network.
const mtcnnBatch = 128

// mtcnnStage is one of the three networks and where its outputs are.
type mtcnnStage struct {
	network               Network
	order                 order
	side                  int // of the crops, in pixels; 0 for the proposal network
	batch                 int
	scores, boxes, points int // positions of the outputs; points -1 where there are none
}

// openProposals reads the network that slides over a photograph of any size.
func openProposals(network Network) (mtcnnStage, error) {
	s, err := openStage(network)
	if err != nil {
		return s, err
	}
	if size := s.order.size(network.Inputs()[0].Shape); size.X > 0 || size.Y > 0 {
		return s, fmt.Errorf("its input is fixed at %dx%d pixels, want open axes", size.X, size.Y)
	}
	axis := 1
	if s.order.transposed {
		axis = 3
	}
	return s, s.find(4, axis, false)
}

// openCrops reads a network that looks at windows of side pixels.
func openCrops(network Network, side int, landmarks bool) (mtcnnStage, error) {
	s, err := openStage(network)
	if err != nil {
		return s, err
	}
	s.side = side
	shape := network.Inputs()[0].Shape
	if size := s.order.size(shape); size.X > 0 && size.X != side || size.Y > 0 && size.Y != side {
		return s, fmt.Errorf("it takes pictures of %dx%d pixels, want %d", size.X, size.Y, side)
	}
	switch {
	case shape[0] == 1:
		s.batch = 1
	case shape[0] > 1:
		return s, fmt.Errorf("it insists on %d pictures at once, want any number or 1", shape[0])
	}
	return s, s.find(2, 1, landmarks)
}

// openStage recognises the order of the axes: 1 x 3 x height x width, as
// facenet-pytorch has it, or 1 x width x height x 3, as the mtcnn package does.
func openStage(network Network) (mtcnnStage, error) {
	s := mtcnnStage{network: network, batch: mtcnnBatch, points: -1}
	in := network.Inputs()
	switch {
	case len(in) != 1 || len(in[0].Shape) != 4:
		return s, fmt.Errorf("inputs %v, want one of four axes", in)
	case in[0].Shape[1] == 3:
		return s, nil
	case in[0].Shape[3] == 3:
		s.order.transposed = true
		return s, nil
	}
	return s, fmt.Errorf("input %v has no axis of three colours", in[0].Shape)
}

// find looks for the outputs by how many values they have along an axis: 2
// probabilities, of which the second is a face's, 4 of the box, 10 of landmarks.
func (s *mtcnnStage) find(rank, axis int, landmarks bool) error {
	ports := s.network.Outputs()
	at := func(values int64) int {
		return slices.IndexFunc(ports, func(p ort.Port) bool { return len(p.Shape) == rank && p.Shape[axis] == values })
	}
	s.scores, s.boxes = at(2), at(4)
	want := 2
	if landmarks {
		s.points, want = at(10), 3
	}
	if len(ports) != want || s.scores < 0 || s.boxes < 0 || landmarks && s.points < 0 {
		return fmt.Errorf("outputs %v, want %d of %d axes: probabilities (2), boxes (4) and, of the output network, landmarks (10)", ports, want, rank)
	}
	return nil
}

// crops runs the network on what the photograph has at each window and returns
// those windows whose confidence is above the given one.
func (s *mtcnnStage) crops(ctx context.Context, view *sums, windows []window, above float32) ([]window, error) {
	photo := image.Rect(0, 0, view.width, view.height)
	windows = slices.DeleteFunc(windows, func(w window) bool { return w.pixels(photo).Empty() })
	input := s.order.tensor(min(s.batch, len(windows)), image.Pt(s.side, s.side))
	one := 3 * s.side * s.side
	for chunk := range slices.Chunk(windows, s.batch) {
		for i, w := range chunk {
			view.pool(input.Data[i*one:(i+1)*one], s.order, w.pixels(photo), image.Pt(s.side, s.side))
		}
		input.Shape[0], input.Data = int64(len(chunk)), input.Data[:len(chunk)*one]
		out, err := s.network.Run(ctx, input)
		if err != nil {
			return nil, err
		}
		if err := s.read(out, chunk); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(windows, func(w window) bool { return !(w.Confidence > above) }), nil
}

// read puts the answers into the windows that they are of.
func (s *mtcnnStage) read(out []ort.Tensor, windows []window) error {
	n := len(windows)
	scores, boxes := out[s.scores].Data, out[s.boxes].Data
	if len(scores) != 2*n || len(boxes) != 4*n || s.points >= 0 && len(out[s.points].Data) != 10*n {
		return fmt.Errorf("MTCNN network: %d probabilities and %d box values for %d windows", len(scores), len(boxes), n)
	}
	for i := range windows {
		windows[i].Confidence = scores[2*i+1]
		copy(windows[i].shift[:], boxes[4*i:])
		if s.points >= 0 {
			copy(windows[i].points[:], out[s.points].Data[10*i:])
		}
	}
	return nil
}
