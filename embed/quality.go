package embed

import (
	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// fittedPoints is how many landmarks say something by how they fit: a turn, a
// scale and a shift bring two onto any others.
const fittedPoints = 4

// measures says how well a face that was cut out is seen.
func (m *model) measures(c cut) (face.Measures, error) {
	box := c.detection.Box
	seen := face.Measures{Side: float64(min(box.Width(), box.Height())), Confidence: float64(c.detection.Confidence), Liveness: c.live}
	if c.placement != nil {
		seen.Scale = &c.placement.Scale
		if m.native.Crop != registry.CropBox && len(c.detection.Landmarks) >= fittedPoints {
			seen.Residual = &c.placement.Residual
		}
	}
	if yaw, pitch, ok := quality.Pose(c.detection.Landmarks); ok {
		seen.Yaw, seen.Pitch = &yaw, &pitch
	}
	pixels, err := quality.Measure(c.crop)
	seen.Sharpness, seen.Brightness, seen.Contrast = pixels.Sharpness, pixels.Brightness, pixels.Contrast
	seen.Quality = quality.Assess(seen)
	return seen, err
}
