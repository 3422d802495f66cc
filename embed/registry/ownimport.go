package registry

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/visagedb/visage/internal/face"
	"go.yaml.in/yaml/v3"
)

// ownHeader tells who opens the file what it is.
const ownHeader = `# Your own models, as visage models import --spec added them. Their weights lie in
# the models folder and are known by pins.yaml there. To forget a model, remove
# its entry here and its files.
`

// Spec says what a user's own model is.
type Spec struct {
	// Name is the model's. Required.
	Name string
	// Path is that of its description: one entry of the registry, without files.
	// The name may be missing there. Required.
	Path string
	// List is the file of the user's models, to which it is added. Required.
	List string
}

// ImportOwn copies a model's weights into the store as ImportUnpinned does, and
// adds its description to the user's list. Where the model is described there
// already, the description must be the same, and the weights are one more file
// of the model. Stores that are made from then on know the model. Errors are
// those of ImportUnpinned, face.Invalid for a description that cannot be, or
// whose name is taken, and face.Exists for a model that is described otherwise.
func (s *Store) ImportOwn(spec Spec, inspect Inspect, paths ...string) ([]Placed, error) {
	program := slices.DeleteFunc(slices.Clone(s.Entries()), func(e Entry) bool { return e.Own })
	e, item, err := readSpec(spec, program)
	if err != nil {
		return nil, err
	}
	held, _, err := readOwn(spec.List, e, item, program)
	if err != nil {
		return nil, err
	}
	if held {
		e = s.entry(e)
	}
	placed, err := s.take(e, inspect, paths)
	if err != nil {
		return placed, err
	}
	return placed, guarded(spec.List, func() error {
		held, text, err := readOwn(spec.List, e, item, program)
		if err != nil || held {
			return err
		}
		if err := replaceText(spec.List, text); err != nil {
			return face.Wrap(face.Unavailable, err, "list of your own models")
		}
		return nil
	})
}

// readSpec reads a description, and writes it as an item of a list.
func readSpec(spec Spec, program []Entry) (Entry, []byte, error) {
	text, err := readText(spec.Path)
	if err != nil {
		return Entry{}, nil, face.Wrap(face.Unavailable, err, "description of %s", spec.Name)
	}
	item, err := itemOf(text, spec.Name)
	var entries []Entry
	if err == nil {
		entries, err = parseOwn(item, program)
	}
	if err != nil {
		return Entry{}, nil, face.Wrap(face.Invalid, err, "%s, description of %s", spec.Path, spec.Name)
	}
	return entries[0], item, nil
}

// itemOf makes a list of one model, which has the name, of its fields. Comments
// stay.
func itemOf(text []byte, name string) ([]byte, error) {
	var told Entry
	if err := strictly(text, &told); err != nil {
		return nil, err
	}
	if told.Name != "" && fold(told.Name) != fold(name) {
		return nil, fmt.Errorf("it describes %s", told.Name)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it does not hold the fields of a model")
	}
	model := document.Content[0]
	if told.Name == "" {
		var key, value yaml.Node
		key.SetString("name")
		value.SetString(name)
		model.Content = append([]*yaml.Node{&key, &value}, model.Content...)
	}
	var item bytes.Buffer
	encoder := yaml.NewEncoder(&item)
	encoder.SetIndent(2)
	err := encoder.Encode([]*yaml.Node{model})
	return item.Bytes(), err
}

// readOwn says whether the user's list holds the very model already, and what
// the list is with it.
func readOwn(list string, e Entry, item []byte, program []Entry) (held bool, with []byte, err error) {
	text, err := ownText(list)
	if err != nil {
		return false, nil, err
	}
	entries, err := parseOwn(text, program)
	if err != nil {
		return false, nil, face.Wrap(face.Invalid, err, "%s, the list of your own models", list)
	}
	if i := slices.IndexFunc(entries, func(other Entry) bool { return other.is(e.Name) }); i >= 0 {
		e.Files = nil
		if !reflect.DeepEqual(entries[i], e) {
			return false, nil, face.Errorf(face.Exists, "%s is in %s already, described otherwise: change it there, or import without a description", entries[i].Name, list)
		}
		return true, text, nil
	}
	if err := distinct(append(entries, e)); err != nil {
		return false, nil, face.Wrap(face.Invalid, err, "%s, the list of your own models", list)
	}
	if len(text) == 0 {
		text = []byte(ownHeader)
	}
	with = slices.Concat(bytes.TrimRight(text, "\n"), []byte("\n\n"), item)
	if _, err := parseOwn(with, program); err != nil {
		return false, nil, face.Wrap(face.Invalid, err, "%s cannot be added at the end of %s; add it there by hand, then import without a description", e.Name, list)
	}
	return false, with, nil
}
