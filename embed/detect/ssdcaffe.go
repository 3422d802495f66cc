package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// OpenCaffeSSD reads the SSD detector in its publisher's own format, Caffe: the
// description (deploy.prototxt) and the weights (caffemodel), neither of which
// may be written to afterwards. OpenCV runs it, with all cores, and cannot be
// stopped by a context while it does. Give it only files whose hash is known.
// Errors are those of Open.
func OpenCaffeSSD(description, weights []byte, o Options) (Detector, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := refuseSide(o, image.Pt(ssdSide, ssdSide)); err != nil {
		return nil, err
	}
	net, err := cv.OpenCaffe(description, weights)
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err, "network of ssd")
	}
	return newSSD(caffe{net}, o, caffeBoxes), nil
}

// caffe is a Network of OpenCV's.
type caffe struct{ *cv.Net }

func (caffe) Inputs() []ort.Port {
	return []ort.Port{{Name: "data", Shape: []int64{1, 3, ssdSide, ssdSide}}}
}

func (caffe) Outputs() []ort.Port {
	return []ort.Port{{Name: "detection_out", Shape: []int64{1, 1, -1, caffeWidth}}}
}

func (c caffe) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shape, data, err := c.Forward(input.Shape, input.Data)
	return []ort.Tensor{{Shape: shape, Data: data}}, err
}

const (
	// caffeWidth is the number of values for each detection of Caffe's layer
	// DetectionOutput: number of the picture, class, confidence, corners as
	// fractions of the input. The layer has suppressed what overlaps.
	caffeWidth = 7
	caffeFace  = 1 // the class
)

func caffeBoxes(out []ort.Tensor, least float32) ([]face.Detection, error) {
	values, err := byWidth(out, caffeWidth)
	if err != nil {
		return nil, fmt.Errorf("SSD network: %w", err)
	}
	var found []face.Detection
	for row := values[0]; len(row) > 0; row = row[caffeWidth:] {
		if row[1] == caffeFace && row[2] >= least {
			found = append(found, fraction(row[3:], image.Pt(ssdSide, ssdSide), row[2]))
		}
	}
	return found, nil
}
