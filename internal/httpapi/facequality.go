package httpapi

import "github.com/visagedb/visage/internal/face"

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

// mostProminent is the face that a photograph, in which there is at least one, is most
// likely about.
func mostProminent(of face.Photo) []face.Template {
	found := make([]face.Detection, len(of.Templates))
	for i, t := range of.Templates {
		found[i] = t.Detection
	}
	return of.Templates[face.MostProminent(found, of.Width, of.Height):][:1]
}
