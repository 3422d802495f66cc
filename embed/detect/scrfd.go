package detect

import (
	"context"
	"fmt"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// SCRFD (Guo et al. 2021, "Sample and Computation Redistribution for Efficient
// Face Detection", arXiv 2105.04714). Decoding, thresholds and input as in
// deepinsight/insightface, python-package/insightface/model_zoo/scrfd.py. All
// sizes, 500 MFLOP to 34 GFLOP, share it.
type scrfd struct {
	session *ort.Session
}

const (
	scrfdSide      = 640 // pixels of the square input
	scrfdThreshold = 0.5
	scrfdOverlap   = 0.4
	scrfdAnchors   = 2 // per cell
)

var scrfdStrides = [...]int{8, 16, 32}

// OpenSCRFD takes over a session of an SCRFD graph with landmarks ("bnkps"),
// and closes it.
func OpenSCRFD(session *ort.Session) (Detector, error) {
	if n := len(session.Outputs()); n != 3*len(scrfdStrides) {
		return nil, fmt.Errorf("SCRFD graph: %d outputs, want scores, boxes and landmarks for three strides", n)
	}
	return &scrfd{session}, nil
}

func (s *scrfd) Landmarks() int { return 5 }

func (s *scrfd) Close() error { return s.session.Close() }

func (s *scrfd) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	w, h := scrfdSide, scrfdSide
	if photo.Height() > photo.Width() {
		w = max(1, scrfdSide*photo.Width()/photo.Height())
	} else {
		h = max(1, scrfdSide*photo.Height()/photo.Width())
	}
	small, err := photo.Resize(w, h, cv.Bilinear)
	if err != nil {
		return nil, err
	}
	defer small.Close()
	input, err := planes{rgb: true, mean: 127.5, scale: 1.0 / 128}.tensor(small, scrfdSide, scrfdSide)
	if err != nil {
		return nil, err
	}
	out, err := s.session.Run(ctx, input)
	if err != nil {
		return nil, err
	}
	// The reference uses this one factor for both axes.
	scale := float32(photo.Height()) / float32(h)
	var found []face.Detection
	for level, stride := range scrfdStrides {
		n := len(scrfdStrides)
		some, err := scrfdCells(stride, scale, out[level].Data, out[n+level].Data, out[2*n+level].Data)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return suppress(found, scrfdOverlap, 1), nil
}

// scrfdCells decodes one stride: cells by row, column, anchor, each with a
// score, four distances from the cell's corner to the box's sides and five
// offsets to the landmarks, in strides.
func scrfdCells(stride int, scale float32, scores, boxes, points []float32) ([]face.Detection, error) {
	side := scrfdSide / stride
	if n := side * side * scrfdAnchors; len(scores) != n || len(boxes) != 4*n || len(points) != 10*n {
		return nil, fmt.Errorf("SCRFD graph: stride %d gives %d scores, %d box and %d landmark values, want %d cells",
			stride, len(scores), len(boxes), len(points), n)
	}
	var found []face.Detection
	for i, score := range scores {
		if score < scrfdThreshold {
			continue
		}
		cell := i / scrfdAnchors
		x, y := float32(cell%side*stride), float32(cell/side*stride)
		at := func(dx, dy float32) face.Point {
			return face.Point{X: (x + dx*float32(stride)) * scale, Y: (y + dy*float32(stride)) * scale}
		}
		b, p := boxes[4*i:], points[10*i:]
		low, high := at(-b[0], -b[1]), at(b[2], b[3])
		marks := make(face.Landmarks, 5)
		for k := range marks {
			marks[k] = at(p[2*k], p[2*k+1])
		}
		found = append(found, face.Detection{
			Box:        face.Box{X1: low.X, Y1: low.Y, X2: high.X, Y2: high.Y},
			Confidence: clip01(score), Landmarks: marks,
		})
	}
	return found, nil
}
