package registry

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/visagedb/visage/internal/face"
)

// ownName is the file in a store's first directory that lists the user's own
// models, unless the user names another.
const ownName = "models.yaml"

// Own lists the models that a user described, from a file in the form of the
// registry's own lists, without the models' files, which are imported and
// recorded in pins.yaml. No file is none. Such models come after the program's
// and may not be spelled as one of them. Errors are face.Invalid for a
// description that cannot be, and face.Unavailable for a file that cannot be
// read.
func Own(path string, program []Entry) ([]Entry, error) {
	text, err := ownText(path)
	if err != nil {
		return nil, err
	}
	own, err := parseOwn(text, program)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "%s, the list of your own models", path)
	}
	return own, nil
}

// ownText reads the list of a user's models, which is empty where there is none.
func ownText(path string) ([]byte, error) {
	text, err := readText(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case face.CodeOf(err) == face.Mismatch:
		return nil, face.Wrap(face.Invalid, err, "list of your own models")
	case err != nil:
		return nil, face.Wrap(face.Unavailable, err, "list of your own models")
	}
	return text, nil
}

// parseOwn reads a list of a user's models.
func parseOwn(text []byte, program []Entry) ([]Entry, error) {
	return readEntries(text, func(e *Entry) error {
		e.Own = true
		if e.Commercial == "" {
			e.Commercial = "unclear"
		}
		switch {
		case e.BuiltIn || e.Build != "" || len(e.Files) > 0:
			return errors.New("built_in, build and files are for models that come with the program; yours gets its files by visage models import")
		case e.Kind == Detector && e.Backend == "":
			return errors.New("a detector needs a backend, such as yolo, which reads its graph")
		}
		return e.apart(program)
	})
}

// apart refuses a spelling that is one of the program's models'.
func (e Entry) apart(program []Entry) error {
	for _, other := range program {
		for _, name := range append([]string{e.Name}, e.Aliases...) {
			if other.is(name) {
				return fmt.Errorf("the spelling %q is that of the %s %s, which comes with Visage: choose another name", name, other.Kind, other.Name)
			}
		}
	}
	return nil
}
