package httpapi

import (
	"context"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// mostRows is how many candidates a request may ask for, over all its faces: 40 MB of
// templates of 512 components, which the search looks at.
const mostRows = 20_000

// probes are the faces to search for.
type probes struct {
	templates []face.Template
	areas     []*search.FacialArea // nil for a template that came as numbers
	images    []string             // the photograph of each, where there are several; else empty
	spoofs    []search.Spoof       // that are left out
}

// probesOf finds the faces of all that the field img names.
func (s *Server) probesOf(ctx context.Context, f *fields, e Embedder, want wanted) (probes, error) {
	photos, err := s.photographs(ctx, f, "img")
	if err != nil {
		return probes{}, err
	}
	var p probes
	for _, one := range photos {
		if one.vector != nil && want.Liveness {
			return probes{}, noneToTell(one.name)
		}
		photo, spoofs, err := one.faces(ctx, e, one.among(photos), want)
		if err != nil {
			return probes{}, err
		}
		p.spoofs = append(p.spoofs, spoofs...)
		for _, t := range photo.Templates {
			var area *search.FacialArea
			if photo.Width > 0 {
				of := search.NewFacialArea(t.Detection, photo.Width, photo.Height)
				area = &of
			}
			p.templates, p.areas = append(p.templates, t), append(p.areas, area)
			if image := one.among(photos); image != "" {
				p.images = append(p.images, image)
			}
		}
	}
	return p, nil
}

// samePerson reads the field that says that all photographs are of one person, of each
// of which the most prominent face is meant.
func samePerson(f *fields, want *Wanted) bool {
	same := f.flag("same_person", false)
	if same {
		want.Prominent = true
	}
	return same
}

// joined is the one probe that all are together.
func (p probes) joined() (probes, error) {
	one, err := search.Merge(p.templates)
	return probes{templates: []face.Template{one}, areas: []*search.FacialArea{nil}, spoofs: p.spoofs}, err
}

// rows is how many candidates to give each of so many faces: what was asked for, or
// else the default, but not more than fit. It returns Invalid for a k out of range
// and TooLarge where all together are too many.
func rows(f *fields, faces, otherwise int) (int, error) {
	k := f.whole("k", 0)
	switch {
	case f.err != nil:
		return 0, f.err
	case !f.given("k"):
		return max(1, min(otherwise, mostRows/faces)), nil
	case k < 1 || k > face.MostCandidates:
		return 0, face.Errorf(face.Invalid, "k %d: ask for at least 1 candidate and at most %d", k, face.MostCandidates)
	case k*faces > mostRows:
		return 0, face.Errorf(face.TooLarge, "k %d for %d faces: ask for at most %d candidates in all, or keep fewer faces by max_faces", k, faces, mostRows)
	}
	return k, nil
}
