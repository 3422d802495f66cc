package registry

import (
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Inspect looks into weights that nobody vouches for, a file and its parts in
// the order in which the model uses them, and refuses what the model's
// description does not fit, such as a graph with other inputs. A nil Inspect
// refuses nothing.
type Inspect func(e Entry, paths []string) error

// ImportUnpinned copies a user's own conversion of a model into the store: a
// file, and its parts in their order if the model has some, after inspect has
// looked into them. Their hashes are recorded in pins.yaml and required from
// then on, and the file is one more of the model's, after all others. Files that
// the registry knows are imported as Import does, without being inspected.
// Errors are those of Import and of inspect, face.Invalid for a model that takes
// no file or another number of them, and face.Mismatch for a damaged pins.yaml.
func (s *Store) ImportUnpinned(name string, inspect Inspect, paths ...string) ([]Placed, error) {
	e, err := s.Model(name)
	if err != nil {
		return nil, err
	}
	return s.take(e, inspect, paths)
}

// take is ImportUnpinned for a model that the store need not know yet.
func (s *Store) take(e Entry, inspect Inspect, paths []string) ([]Placed, error) {
	if _, err := s.Pins(); err != nil {
		return nil, err
	}
	if err := e.takes(len(paths)); err != nil {
		return nil, err
	}
	pins, err := describe(e, paths)
	if err != nil {
		return nil, err
	}
	known, err := e.has(pins, paths)
	switch {
	case err != nil:
		return nil, err
	case known:
		return s.Import(e.Name, paths...)
	case inspect != nil:
		if err := inspect(e, paths); err != nil {
			return nil, err
		}
	}
	var placed []Placed
	for i, p := range pins {
		f := File{Name: p.File, SHA256: p.SHA256, Bytes: p.Bytes, Unpinned: true, Recorded: true}
		done, err := s.copyIn(e, f, paths[i])
		if err != nil {
			return placed, err
		}
		done.First = true
		placed = append(placed, done)
	}
	if err := s.record(e, pins...); err != nil {
		return nil, err
	}
	return placed, nil
}

// takes says whether the model is made of so many files.
func (e Entry) takes(n int) error {
	switch {
	case e.BuiltIn:
		return face.Errorf(face.Invalid, "%s is built in: it takes no file", e.Name)
	case e.Kind == Recognizer && n != 1:
		return face.Errorf(face.Invalid, "%s is a recogniser: it takes one file at once; %d given", e.Name, n)
	}
	if len(e.Files) == 0 || slices.ContainsFunc(e.Files, func(f File) bool { return len(f.All()) == n }) {
		return nil
	}
	var names []string
	for _, part := range e.Files[0].All() {
		names = append(names, part.Name)
	}
	return face.Errorf(face.Invalid, "%s takes %d files at once, in the order of %s; %d given", e.Name, len(names), strings.Join(names, ", "), n)
}

// has says whether the files at the paths, which the pins describe, are one of
// the model's files and its parts.
func (e Entry) has(pins []Pin, paths []string) (bool, error) {
	for _, f := range e.Files {
		parts := f.All()
		same := len(parts) == len(pins)
		for i := 0; same && i < len(parts); i++ {
			var err error
			if same, err = parts[i].is(pins[i].SHA256, paths[i]); err != nil {
				return false, err
			}
		}
		if same {
			return true, nil
		}
	}
	return false, nil
}
