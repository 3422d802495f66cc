package detect

import (
	"context"
	"fmt"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// YuNet (Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector").
// Input and decoding as OpenCV's FaceDetectorYN (modules/objdetect/src/
// face_detect.cpp), thresholds as ShiqiYu/libfacedetection.train.
type yunet struct {
	session *ort.Session
	fixed   int // side of the square input that the graph insists on; 0 for none
}

const (
	yunetSide      = 640 // pixels of the photograph's longer side
	yunetThreshold = 0.6
	yunetOverlap   = 0.3
)

var yunetStrides = [...]int{8, 16, 32}

// OpenYuNet takes over a session of a YuNet graph and closes it. Graphs with a
// fixed square input, such as OpenCV's 2023mar, are fed padded photographs.
func OpenYuNet(session *ort.Session) (Detector, error) {
	in, out := session.Inputs(), session.Outputs()
	if len(out) != 4*len(yunetStrides) || len(in) != 1 || len(in[0].Shape) != 4 {
		return nil, fmt.Errorf("YuNet graph: %d outputs, want class, object, box and landmark values for three strides", len(out))
	}
	return &yunet{session, int(max(0, in[0].Shape[2]))}, nil
}

func (y *yunet) Landmarks() int { return 5 }

func (y *yunet) Close() error { return y.session.Close() }

func (y *yunet) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	side := float64(yunetSide)
	if y.fixed > 0 {
		side = float64(y.fixed)
	}
	shrink := side / float64(max(photo.Width(), photo.Height()))
	w := max(1, int(math.Round(float64(photo.Width())*shrink)))
	h := max(1, int(math.Round(float64(photo.Height())*shrink)))
	small, err := photo.Resize(w, h, cv.Bilinear)
	if err != nil {
		return nil, err
	}
	defer small.Close()
	width, height := round32(w), round32(h)
	if y.fixed > 0 {
		width, height = y.fixed, y.fixed
	}
	input, err := planes{scale: 1}.tensor(small, width, height)
	if err != nil {
		return nil, err
	}
	out, err := y.session.Run(ctx, input)
	if err != nil {
		return nil, err
	}
	back := face.Point{X: float32(photo.Width()) / float32(w), Y: float32(photo.Height()) / float32(h)}
	found, err := yunetDecode(out, width, height, back)
	if err != nil {
		return nil, err
	}
	return suppress(found, yunetOverlap, 0), nil
}

// yunetDecode reads the outputs: class, object, box and landmark values of the
// strides, one anchor per cell, rows first.
func yunetDecode(out []ort.Tensor, width, height int, back face.Point) ([]face.Detection, error) {
	var found []face.Detection
	n := len(yunetStrides)
	for level, stride := range yunetStrides {
		columns, cells := width/stride, (width/stride)*(height/stride)
		class, object := out[level].Data, out[n+level].Data
		boxes, points := out[2*n+level].Data, out[3*n+level].Data
		if len(class) != cells || len(object) != cells || len(boxes) != 4*cells || len(points) != 10*cells {
			return nil, fmt.Errorf("YuNet graph: stride %d gives %d scores, want %d cells", stride, len(class), cells)
		}
		for i := range cells {
			score := sqrt32(clip01(class[i]) * clip01(object[i]))
			if score >= yunetThreshold {
				cell := yunetCell{float32(i % columns), float32(i / columns), float32(stride), back}
				found = append(found, cell.detection(score, boxes[4*i:], points[10*i:]))
			}
		}
	}
	return found, nil
}

type yunetCell struct {
	column, row, stride float32
	back                face.Point // factors from the network's input to the photograph
}

func (c yunetCell) detection(score float32, box, points []float32) face.Detection {
	centre := c.at(box[0], box[1])
	w, h := exp32(box[2])*c.stride*c.back.X/2, exp32(box[3])*c.stride*c.back.Y/2
	marks := make(face.Landmarks, 5)
	for k := range marks {
		marks[k] = c.at(points[2*k], points[2*k+1])
	}
	return face.Detection{
		Box:        face.Box{X1: centre.X - w, Y1: centre.Y - h, X2: centre.X + w, Y2: centre.Y + h},
		Confidence: score, Landmarks: marks,
	}
}

func (c yunetCell) at(dx, dy float32) face.Point {
	return face.Point{X: (c.column + dx) * c.stride * c.back.X, Y: (c.row + dy) * c.stride * c.back.Y}
}
