package httpapi

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// mostComponents is how many a template of any space may have (migrations, spaces).
const mostComponents = 16_000

// Templates shorter or longer than these leave the range of 32-bit numbers when they
// are squared, as every distance does.
const (
	leastLength = 1e-15
	mostLength  = 1e15
)

// list is a field that was sent as a JSON list, as JSON or as a text; nil for one
// that was not. A photograph's text, which may be long, is not looked through.
func (f *fields) list(name string) []byte {
	value := bytes.TrimSpace(f.json[name])
	if bytes.HasPrefix(value, []byte(`"[`)) {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return nil
		}
		return []byte(text)
	}
	if values := f.form[name]; len(values) == 1 {
		if text := strings.TrimSpace(values[0]); strings.HasPrefix(text, "[") {
			value = []byte(text)
		}
	}
	if len(value) == 0 || value[0] != '[' {
		return nil
	}
	return value
}

// texts are a field's texts: a JSON list of them, a value that was sent several times
// in a form, or a single one. There are at most so many.
func (f *fields) texts(name string, most int) []string {
	var texts []string
	switch list := f.list(name); {
	case list != nil:
		var items []*string
		if err := json.Unmarshal(list, &items); err != nil {
			f.wrong(name, "a list of texts")
			return nil
		}
		for _, item := range items {
			if item == nil {
				f.wrong(name, "a list of texts, without null")
				return nil
			}
			texts = append(texts, *item)
		}
	case len(f.form[name]) > 1:
		texts = f.form[name]
	default:
		if text := f.text(name, ""); text != "" {
			texts = []string{text}
		}
	}
	if len(texts) > most {
		f.refuse(face.Errorf(face.TooLarge, "%s has %d entries: send at most %d", name, len(texts), most))
		return nil
	}
	return texts
}

// vector is a list of numbers, and whether one was sent: a list of anything but
// texts.
func (f *fields) vector(name string) (vector []float32, sent bool, err error) {
	list := f.list(name)
	if list == nil {
		return nil, false, nil
	}
	if first := bytes.TrimSpace(list[1:]); len(first) > 0 && first[0] == '"' {
		return nil, false, nil
	}
	vector, err = numbers(name, list)
	return vector, true, err
}

// numbers reads a list of them.
func numbers(name string, list []byte) ([]float32, error) {
	switch {
	case bytes.Count(list, []byte{','}) >= mostComponents:
		return nil, face.Errorf(face.Invalid, "%s has more than %d numbers: no template has so many", name, mostComponents)
	case bytes.Contains(list, []byte("null")):
		return nil, face.Errorf(face.Invalid, "%s holds null, which is no number", name)
	}
	var vector []float32
	if err := json.Unmarshal(list, &vector); err != nil {
		return nil, face.Errorf(face.Invalid, "%s is a list, but not one of texts, nor of numbers of 32 bits: send the components of a template", name)
	}
	return vector, nil
}

// template makes a template of a space from numbers. It returns Invalid for another
// dimension than the space's and for numbers that have no direction to compare.
func template(name string, vector []float32, space face.Space) (face.Template, error) {
	if len(vector) != space.Dim {
		return face.Template{}, face.Errorf(face.Invalid, "%s has %d numbers, but templates of space %s have %d: choose the model and the detector that it was made with",
			name, len(vector), space.Name(), space.Dim)
	}
	sum := 0.0
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if !(length > leastLength && length < mostLength) {
		return face.Template{}, face.Errorf(face.Invalid, "%s has the length %g, by which it cannot be compared", name, length)
	}
	if space.Unit && math.Abs(length-1) > 1e-4 { // templates of the space have length 1
		vector = search.UnitLength(vector)
	}
	return face.Template{Space: space, Vector: vector}, nil
}
