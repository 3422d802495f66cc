package search_test

import (
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// said is a face of which something is said; nobody asked of one without a score.
func said(x float32, score float64) face.Template {
	t := face.Template{Detection: face.Detection{Box: face.Box{X1: x, X2: x + 10, Y2: 10}}}
	if score > 0 {
		t.Measures.Liveness = &face.Liveness{Real: score >= 0.5, Score: score}
	}
	return t
}

// Pictures of faces are left out and shown, others count; those that nobody looked at do.
func TestSift(t *testing.T) {
	t.Parallel()
	photo := face.Photo{Width: 100, Height: 50, Templates: []face.Template{said(0, 0.9), said(20, 0.1), said(40, 0), said(60, 0.2)}}
	left, spoofs, err := search.RejectSpoofs.Sift("a.jpg", photo)
	if err != nil || len(left.Templates) != 2 || left.Width != 100 || left.Height != 50 || left.Templates[1].Detection.Box.X1 != 40 {
		t.Errorf("left are %+v, %v", left, err)
	}
	if len(spoofs) != 2 || spoofs[0].Image != "a.jpg" || spoofs[1].FacialArea.X != 60 || spoofs[1].Score != 0.2 {
		t.Errorf("left out are %+v", spoofs)
	}
	if all, none, err := search.FlagSpoofs.Sift("", photo); err != nil || len(all.Templates) != 4 || none != nil {
		t.Errorf("flagged: %+v, %+v, %v", all, none, err)
	}
	photo.Templates = photo.Templates[1:2]
	if _, spoofs, err := search.RejectSpoofs.Sift("", photo); face.CodeOf(err) != face.Spoof || len(spoofs) != 1 {
		t.Errorf("a picture alone: %+v, %v", spoofs, err)
	}
	if _, err := search.ParseSpoofPolicy("burn"); face.CodeOf(err) != face.Invalid {
		t.Errorf("an unknown policy: %v", err)
	}
}

// Several photographs taken for one person's are no live face where one of them is none.
func TestMergeOfASpoof(t *testing.T) {
	t.Parallel()
	live, fake := said(0, 0.9), said(0, 0.1)
	space := face.Space{Recognizer: "Plane", Profile: face.Native, Dim: 2, Unit: true}
	for _, one := range []*face.Template{&live, &fake} {
		one.Space, one.Vector = space, []float32{1, 0}
	}
	merged, err := search.Merge([]face.Template{live, fake})
	if err != nil || !merged.Measures.Liveness.Spoofed() {
		t.Errorf("%+v, %v", merged, err)
	}
}
