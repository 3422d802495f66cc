package detect

import (
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// YuNet (Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector").
// Input and decoding as OpenCV's FaceDetectorYN (modules/objdetect/src/
// face_detect.cpp), thresholds as ShiqiYu/libfacedetection.train. DeepFace asks
// for a confidence of 0.9 and does not enlarge small photographs.
const (
	yunetSide      = 640 // pixels of the photograph's longer side
	yunetThreshold = 0.6
	yunetDeepFace  = 0.9
	yunetOverlap   = 0.3
)

// openYuNet reads a graph with a dynamic input, or with a fixed one, such as
// OpenCV's 2023mar.
func openYuNet(network Network, o Options) (Detector, error) {
	if n := len(network.Outputs()); n != 4*len(strides) {
		return nil, fmt.Errorf("%d outputs, want class, object, box and landmark values for three strides", n)
	}
	d := &single{
		network: network, points: 5, layout: cornered(sideOf(o, yunetSide)), scaling: cv.Bilinear,
		planes: planes{scale: 1}.ready(), suppress: nms(yunetOverlap, 0),
	}
	if o.deepface() {
		d.layout = noLarger(sideOf(o, yunetSide))
	}
	if size, ok := fixedInput(network); ok {
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = cornerOf(size)
	}
	least := o.least(yunetThreshold, yunetDeepFace)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) { return yunetDecode(out, f, least) }
	return d, nil
}

// noLarger is cornered, but for photographs whose longer side is below side,
// which keep their size.
func noLarger(side int) layout {
	return func(photo image.Point) frame { return cornered(min(side, max(photo.X, photo.Y)))(photo) }
}

// yunetDecode reads the outputs: class, object, box and landmark values of the
// strides, one anchor per cell, rows first.
func yunetDecode(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	var found []face.Detection
	n := len(strides)
	for level, stride := range strides {
		columns, cells := f.input.X/stride, (f.input.X/stride)*(f.input.Y/stride)
		class, object := out[level].Data, out[n+level].Data
		boxes, points := out[2*n+level].Data, out[3*n+level].Data
		if len(class) != cells || len(object) != cells || len(boxes) != 4*cells || len(points) != 10*cells {
			return nil, fmt.Errorf("YuNet graph: stride %d gives %d scores, want %d cells", stride, len(class), cells)
		}
		for i := range cells {
			score := sqrt32(clip01(class[i]) * clip01(object[i]))
			if score >= least {
				cell := yunetCell{float32(i % columns), float32(i / columns), float32(stride)}
				found = append(found, cell.detection(score, boxes[4*i:], points[10*i:]))
			}
		}
	}
	return found, nil
}

type yunetCell struct{ column, row, stride float32 }

func (c yunetCell) detection(score float32, box, points []float32) face.Detection {
	centre := c.at(box[0], box[1])
	w, h := exp32(box[2])*c.stride/2, exp32(box[3])*c.stride/2
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
	return face.Point{X: (c.column + dx) * c.stride, Y: (c.row + dy) * c.stride}
}
