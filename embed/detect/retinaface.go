package detect

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// RetinaFace (Deng et al. 2020, arXiv 1905.00641) on ResNet-50, the authors'
// own network, as serengil/retinaface publishes it for DeepFace. Anchors and
// arithmetic as in that package's RetinaFace.py and commons/postprocess.py,
// which follow deepinsight/insightface, detection/retinaface/retinaface.py.
const (
	// retinaSide is the input's longer side, in pixels: the largest anchor is
	// then half of it, a portrait's face. The authors' test.py, and DeepFace,
	// take 1024 for the shorter side, which doubles the time and finds faces
	// that are smaller still.
	retinaSide      = 1024
	retinaShorter   = 1024 // pixels of the shorter side in DeepFace's profile,
	retinaLonger    = 1980 // but no more than this of the longer one
	retinaThreshold = 0.9
	retinaOverlap   = 0.4
)

// retinaLevel is one of the three maps of the answer.
type retinaLevel struct {
	stride  int
	anchors [2]float32 // sides of a cell's square anchors, in pixels of the input
}

// retinaLevels are in the order of the outputs. Anchors span pixels from
// first to last, both counted, as those of Faster R-CNN: all are centred at
// 7.5,7.5 in their first cell, whatever the stride.
var retinaLevels = [...]retinaLevel{{32, [2]float32{512, 256}}, {16, [2]float32{128, 64}}, {8, [2]float32{32, 16}}}

const retinaCentre = 7.5

// Values of a cell in the three kinds of outputs: for its two anchors the
// probabilities of no face and then those of a face; the boxes; the landmarks.
var retinaValues = [...]int{4, 8, 20}

// openRetinaFace reads a graph of N x height x width x 3 with nine outputs: the
// probabilities, boxes and landmarks of the strides 32, 16 and 8.
func openRetinaFace(network Network, o Options) (Detector, error) {
	if err := checkRetina(network); err != nil {
		return nil, err
	}
	d := &single{
		network: network, points: 5, layout: cornered(sideOf(o, retinaSide)), scaling: cv.Bilinear,
		planes:   planes{rgb: true, scale: 1, last: true}.ready(),
		suppress: nms(retinaOverlap, 1),
	}
	in := network.Inputs()[0].Shape
	if size := image.Pt(int(in[2]), int(in[1])); size.X > 0 && size.Y > 0 {
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = cornerOf(size)
	} else if o.deepface() && o.Side == 0 {
		d.layout = retinaLayout
	}
	least := o.least(retinaThreshold, retinaThreshold)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) { return retinaDecode(out, f, least) }
	return d, nil
}

func checkRetina(network Network) error {
	in, out := network.Inputs(), network.Outputs()
	if len(in) != 1 || len(in[0].Shape) != 4 || in[0].Shape[3] != 3 {
		return fmt.Errorf("inputs %v, want one of N x height x width x 3", in)
	}
	fits := len(out) == len(retinaLevels)*len(retinaValues)
	for i, p := range out {
		values := int64(retinaValues[i%len(retinaValues)])
		fits = fits && len(p.Shape) == 4 && (p.Shape[3] < 0 || p.Shape[3] == values)
	}
	if !fits {
		return fmt.Errorf("outputs %v, want N x rows x columns x %v of the strides 32, 16 and 8", out, retinaValues)
	}
	return nil
}

// retinaLayout scales as serengil/retinaface, commons/preprocess.py, does with
// allow_upscaling: by one factor, without filling up to multiples of a stride.
func retinaLayout(photo image.Point) frame {
	longer := float64(max(photo.X, photo.Y))
	by := retinaShorter / float64(min(photo.X, photo.Y))
	if math.RoundToEven(by*longer) > retinaLonger {
		by = retinaLonger / longer
	}
	at := func(n int) int { return int(math.RoundToEven(float64(n) * by)) }
	f := scaledTo(photo, image.Pt(at(photo.X), at(photo.Y)))
	f.input = f.scaled
	f.back = face.Point{X: float32(1 / by), Y: float32(1 / by)}
	return f
}

func retinaDecode(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	var found []face.Detection
	for i, level := range retinaLevels {
		maps := out[len(retinaValues)*i : len(retinaValues)*(i+1)]
		cells := image.Pt(upTo(f.input.X, level.stride), upTo(f.input.Y, level.stride))
		for kind, m := range maps {
			if want := []int64{1, int64(cells.Y), int64(cells.X), int64(retinaValues[kind])}; !slices.Equal(m.Shape, want) {
				return nil, fmt.Errorf("RetinaFace graph: stride %d gives %v values, want %v", level.stride, m.Shape, want)
			}
		}
		found = append(found, level.decode(maps, cells.X, f.scaled, least)...)
	}
	return found, nil
}

// decode reads the anchors of a level: by row, column and anchor.
func (l retinaLevel) decode(maps []ort.Tensor, columns int, photo image.Point, least float32) []face.Detection {
	var found []face.Detection
	scores, boxes, points := maps[0].Data, maps[1].Data, maps[2].Data
	for i := range len(scores) / 2 {
		cell, anchor := i/2, i%2
		score := scores[4*cell+2+anchor]
		if !(score >= least) {
			continue
		}
		at := retinaAnchor{
			x:    float32(cell%columns*l.stride) + retinaCentre,
			y:    float32(cell/columns*l.stride) + retinaCentre,
			side: l.anchors[anchor],
		}
		found = append(found, at.detection(score, boxes[4*i:], points[10*i:], photo))
	}
	return found
}

// retinaAnchor is a square in the input, in pixels: its centre and side.
type retinaAnchor struct{ x, y, side float32 }

// detection cuts the box at the borders of the photograph, as the reference
// does before it suppresses.
func (a retinaAnchor) detection(score float32, box, points []float32, photo image.Point) face.Detection {
	c := a.moved(box[0], box[1])
	w, h := (a.side*exp32(box[2])-1)/2, (a.side*exp32(box[3])-1)/2
	within := func(v float32, n int) float32 { return min(max(v, 0), float32(n-1)) }
	marks := make(face.Landmarks, 5)
	for k := range marks {
		marks[k] = a.moved(points[2*k], points[2*k+1])
	}
	return face.Detection{
		Box: face.Box{
			X1: within(c.X-w, photo.X), Y1: within(c.Y-h, photo.Y),
			X2: within(c.X+w, photo.X), Y2: within(c.Y+h, photo.Y),
		},
		Confidence: clip01(score), Landmarks: marks,
	}
}

func (a retinaAnchor) moved(dx, dy float32) face.Point {
	return face.Point{X: a.x + dx*a.side, Y: a.y + dy*a.side}
}
