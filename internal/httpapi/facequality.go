package httpapi

import (
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// assessed is how well a face of a photograph is seen.
type assessed struct {
	Box     face.Box     `json:"box"`
	Quality face.Quality `json:"quality"`
}

// assessedOf are those of templates, in their order.
func assessedOf(templates []face.Template) []assessed {
	list := make([]assessed, len(templates))
	for i, t := range templates {
		list[i] = assessed{t.Detection.Box, t.Measures.Quality}
	}
	return list
}

// leftOut is a face that is not enrolled beside others of its photograph, and why.
type leftOut struct {
	assessed
	*face.Liveness
	Code    face.Code `json:"code"`
	Message string    `json:"message"`
}

func leftOutOf(faces []ingest.LeftOut) []leftOut {
	var list []leftOut
	for _, f := range faces {
		m := f.Template.Measures
		list = append(list, leftOut{assessed{f.Template.Detection.Box, m.Quality}, m.Liveness, f.Code, f.Message})
	}
	return list
}

// mostProminent is the face that a photograph, in which there is at least one, is most
// likely about.
func mostProminent(of face.Photo) []face.Template {
	found := make([]face.Detection, len(of.Templates))
	for i, t := range of.Templates {
		found[i] = t.Detection
	}
	return of.Templates[face.MostProminent(found, of.Width, of.Height):][:1]
}
