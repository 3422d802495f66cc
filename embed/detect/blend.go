package detect

import (
	"github.com/visagedb/visage/internal/face"
)

// blend is suppression that makes one detection of all that overlap the most
// confident one by more than limit: the mean of their boxes and landmarks,
// weighted by confidence (Bazarevsky et al. 2019, section 3.4). The confidence
// is what is made of the group, the most confident first.
func blend(limit float32, confidence func([]face.Detection) float32) func([]face.Detection) []face.Detection {
	return func(found []face.Detection) []face.Detection {
		var kept []face.Detection
		for rest := candidates(found); len(rest) > 0; {
			group := rest[:1:1]
			var others []face.Detection
			for _, d := range rest[1:] {
				if overlap(d.Box, group[0].Box, 0) > limit {
					group = append(group, d)
				} else {
					others = append(others, d)
				}
			}
			d := weightedMean(group)
			d.Confidence = confidence(group)
			kept, rest = append(kept, d), others
		}
		return kept
	}
}

// meanConfidence is what hollance/BlazeFace-PyTorch takes for the confidence of
// a group.
func meanConfidence(group []face.Detection) float32 {
	var sum float32
	for _, d := range group {
		sum += d.Confidence
	}
	return sum / float32(len(group))
}

// bestConfidence is MediaPipe's (calculators/util/
// non_max_suppression_calculator.cc).
func bestConfidence(group []face.Detection) float32 { return group[0].Confidence }

// weightedMean of detections whose confidence is above 0.
func weightedMean(group []face.Detection) face.Detection {
	out := face.Detection{Landmarks: make(face.Landmarks, len(group[0].Landmarks))}
	total := meanConfidence(group) * float32(len(group))
	for _, d := range group {
		w := d.Confidence / total
		out.Box.X1, out.Box.Y1 = out.Box.X1+w*d.Box.X1, out.Box.Y1+w*d.Box.Y1
		out.Box.X2, out.Box.Y2 = out.Box.X2+w*d.Box.X2, out.Box.Y2+w*d.Box.Y2
		for k, p := range d.Landmarks {
			out.Landmarks[k].X += w * p.X
			out.Landmarks[k].Y += w * p.Y
		}
	}
	return out
}
