package detect

import (
	"fmt"

	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// yoloCells reads a row for each value and a column for each cell: centre,
// width, height, score and perhaps landmarks, in pixels of the input.
func yoloCells(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	data, n := out[0].Data, cellsOf(f.input)
	if len(data) != yoloRow*n && len(data) != (yoloRow+yoloPoints)*n {
		return nil, fmt.Errorf("YOLO graph: %d values in shape %v, want %d or %d for each of %d cells",
			len(data), out[0].Shape, yoloRow, yoloRow+yoloPoints, n)
	}
	var found []face.Detection
	for i, score := range data[4*n : 5*n] {
		if score < least {
			continue
		}
		x, y, w, h := data[i], data[n+i], data[2*n+i]/2, data[3*n+i]/2
		d := face.Detection{Box: face.Box{X1: x - w, Y1: y - h, X2: x + w, Y2: y + h}, Confidence: clip01(score)}
		if points := data[yoloRow*n:]; len(points) > 0 {
			d.Landmarks = yoloLandmarks(func(v int) float32 { return points[v*n+i] })
		}
		found = append(found, d)
	}
	return found, nil
}

// yoloLandmarks reads five landmarks from values of x, y and visibility.
func yoloLandmarks(value func(int) float32) face.Landmarks {
	marks := make(face.Landmarks, 5)
	for k := range marks {
		marks[k] = face.Point{X: value(3 * k), Y: value(3*k + 1)}
	}
	return marks
}

// yoloDetections reads a row for each detection, already suppressed: corners,
// score, class and perhaps landmarks, in pixels of the input. Class 0 is the
// face; rows left over have a score of 0.
func yoloDetections(out []ort.Tensor, _ frame, least float32) ([]face.Detection, error) {
	data, shape := out[0].Data, out[0].Shape
	rows, width := 0, 0
	if len(shape) == 3 {
		rows, width = int(shape[1]), int(shape[2])
	}
	if width != yoloEnded && width != yoloEnded+yoloPoints || len(data) != rows*width {
		return nil, fmt.Errorf("YOLO graph: %d values in shape %v, want rows of %d or %d", len(data), shape, yoloEnded, yoloEnded+yoloPoints)
	}
	var found []face.Detection
	for ; len(data) > 0; data = data[width:] {
		if data[4] < least || data[5] >= 1 {
			continue
		}
		d := face.Detection{Box: face.Box{X1: data[0], Y1: data[1], X2: data[2], Y2: data[3]}, Confidence: clip01(data[4])}
		if points := data[yoloEnded:width]; len(points) > 0 {
			d.Landmarks = yoloLandmarks(func(v int) float32 { return points[v] })
		}
		found = append(found, d)
	}
	return found, nil
}
