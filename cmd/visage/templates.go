package main

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/visagedb/visage/internal/face"
)

// readTemplates reads templates of a space from JSON: a list of numbers, or the
// answer of represent. It says whether the data is JSON at all. Templates of
// another space are face.Mismatch, and JSON that holds none is face.Invalid.
func readTemplates(data []byte, space face.Space) (photo face.Photo, isJSON bool, err error) {
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 || text[0] != '[' && text[0] != '{' {
		return face.Photo{}, false, nil
	}
	var vector components
	if json.Unmarshal(text, &vector) == nil {
		return face.Photo{Templates: []face.Template{{Space: space, Vector: vector}}}, true, nil
	}
	var answer struct {
		Results []struct {
			Embedding components `json:"embedding"`
			Space     string     `json:"space"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Results) == 0 {
		return face.Photo{}, true, face.Errorf(face.Invalid, "the JSON holds no template: give a list of numbers, or what `visage represent --json` prints")
	}
	for _, r := range answer.Results {
		if r.Space != "" && r.Space != space.Name() {
			return face.Photo{}, true, face.Errorf(face.Mismatch, "a template of %s cannot be compared with those of %s: choose the model, detector and profile that it was made with", r.Space, space.Name())
		}
		photo.Templates = append(photo.Templates, face.Template{Space: space, Vector: r.Embedding})
	}
	return photo, true, nil
}

// components are a template's numbers. JSON's null, which some programs write for
// a number that is none, is an error rather than a 0.
type components []float32

func (c *components) UnmarshalJSON(text []byte) error {
	if bytes.Contains(text, []byte("null")) {
		return errors.New("null is no number")
	}
	return json.Unmarshal(text, (*[]float32)(c))
}
