package search

import "github.com/visagedb/visage/internal/face"

// Merge makes one template of several photographs' templates of one person,
// which is nearer to further photographs of that person than most of them are
// alone. It is their mean, brought to length 1 again where the space's
// templates have it. What else belongs to a template is the first one's, but that it is not live
// where one of them is not.
//
// It returns Invalid for no templates, for one that is zero or not finite and
// where they cancel each other out, and Mismatch for templates of different
// spaces or of another dimension than their space's.
func Merge(templates []face.Template) (face.Template, error) {
	space, err := commonSpace(templates)
	if err != nil {
		return face.Template{}, err
	}
	sum := make([]float64, space.Dim)
	for _, t := range templates {
		if err := checkVector(t.Vector, space); err != nil {
			return face.Template{}, err
		}
		for i, x := range t.Vector {
			sum[i] += float64(x)
		}
	}
	merged := templates[0]
	for _, t := range templates {
		if t.Measures.Liveness.Spoofed() {
			merged.Measures.Liveness = t.Measures.Liveness
		}
	}
	merged.Vector = make([]float32, space.Dim)
	for i, x := range sum {
		merged.Vector[i] = float32(x / float64(len(templates)))
	}
	if checkSquare(squareOf(merged.Vector)) != nil {
		return face.Template{}, face.Errorf(face.Invalid, "the templates cancel each other out: they are not of one person")
	}
	if space.Unit {
		merged.Vector = UnitLength(merged.Vector)
	}
	return merged, nil
}
