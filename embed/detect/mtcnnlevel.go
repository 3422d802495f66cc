package detect

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// level runs the proposal network on the photograph scaled by the factor. A
// window whose confidence is enough lies, in the photograph, where its cell
// does.
func (s mtcnnStage) level(ctx context.Context, view *sums, scale float64) ([]window, error) {
	at := func(n int) int { return int(float64(n)*scale + 1) }
	size := image.Pt(at(view.width), at(view.height))
	input := s.order.tensor(1, size)
	view.pool(input.Data, s.order, image.Rect(0, 0, view.width, view.height), size)
	out, err := s.network.Run(ctx, input)
	if err != nil {
		return nil, err
	}
	scores, boxes, cells, err := s.maps(out)
	if err != nil {
		return nil, err
	}
	var found []window
	for y := range cells.Y {
		for x := range cells.X {
			score := scores[s.order.index(cells, 2, x, y, 1)]
			if !(score >= mtcnnPropose) {
				continue
			}
			w := windowAt(x, y, float32(scale))
			w.Confidence = clip01(score)
			for k := range w.shift {
				w.shift[k] = boxes[s.order.index(cells, 4, x, y, k)]
			}
			found = append(found, w)
		}
	}
	return found, nil
}

func windowAt(column, row int, scale float32) window {
	at := func(n int) float32 { return float32(math.Floor(float64(float32(n) / scale))) }
	x, y := mtcnnStep*column, mtcnnStep*row
	return window{Detection: face.Detection{Box: face.Box{
		X1: at(x + 1), Y1: at(y + 1), X2: at(x + mtcnnCell), Y2: at(y + mtcnnCell),
	}}}
}

// maps are the proposal network's answers and how many cells they have.
func (s *mtcnnStage) maps(out []ort.Tensor) (scores, boxes []float32, cells image.Point, err error) {
	cells = s.order.size(out[s.scores].Shape)
	scores, boxes = out[s.scores].Data, out[s.boxes].Data
	n := cells.X * cells.Y
	if s.order.size(out[s.boxes].Shape) != cells || len(scores) != 2*n || len(boxes) != 4*n {
		return nil, nil, cells, fmt.Errorf("MTCNN proposal network: maps of %v and %v values do not fit", out[s.scores].Shape, out[s.boxes].Shape)
	}
	return scores, boxes, cells, nil
}
