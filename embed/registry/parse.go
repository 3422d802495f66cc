package registry

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// models are the lists of models that come with the program, one for each kind.
//
//go:embed models/*.yaml
var models embed.FS

// Entries lists all models that come with the program, by their kinds, and in order of
// preference within a kind.
func Entries() ([]Entry, error) {
	var all []Entry
	for _, name := range []string{"detectors", "recognizers", "attributes", "liveness"} {
		text, err := models.ReadFile("models/" + name + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("model registry: %w", err)
		}
		entries, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("model registry: %s: %w", name, err)
		}
		all = append(all, entries...)
	}
	if err := distinct(all); err != nil {
		return nil, fmt.Errorf("model registry: %w", err)
	}
	return all, nil
}

// parse reads a list of models that come with the program.
func parse(text []byte) ([]Entry, error) {
	return readEntries(text, func(e *Entry) error {
		if e.BuiltIn == (len(e.Files) > 0) {
			return fmt.Errorf("built_in is %v with %d files, want either", e.BuiltIn, len(e.Files))
		}
		return nil
	})
}

// readEntries reads a list of models. Each is prepared, filled up with defaults and
// validated; no two may be spelled alike.
func readEntries(text []byte, prepare func(*Entry) error) ([]Entry, error) {
	var entries []Entry
	if err := strictly(text, &entries); err != nil {
		return nil, err
	}
	for i := range entries {
		e := &entries[i]
		e.Recognition.withDefaults()
		e.Attribution.withDefaults()
		e.Presentation.withDefaults()
		err := prepare(e)
		if err == nil {
			err = e.validate()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		if e.Kind == Detector && e.Backend == "" {
			e.Backend = e.Name
		}
	}
	return entries, distinct(entries)
}

// strictly reads one YAML document all of whose fields are known. Comments
// alone leave the value as it is.
func strictly(text []byte, value any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(value)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("there is more than one YAML document")
	}
	return err
}

// distinct refuses two models of one spelling, and two different files of one
// name, of which one would take the other's place.
func distinct(entries []Entry) error {
	names, spelled, files := map[string]bool{}, map[string]string{}, map[string]File{}
	for _, e := range entries {
		if names[e.Name] {
			return fmt.Errorf("two models are named %s", e.Name)
		}
		names[e.Name] = true
		for _, name := range append([]string{e.Name}, e.Aliases...) {
			key := string(e.Kind) + " " + fold(name)
			if other, taken := spelled[key]; taken {
				return fmt.Errorf("%s %s: the spelling %q is taken by %s", e.Kind, e.Name, name, other)
			}
			spelled[key] = e.Name
		}
		for _, f := range e.Files {
			for _, part := range f.All() {
				if other, taken := files[part.Name]; taken && (part.SHA256 == "" || part.SHA256 != other.SHA256) {
					return fmt.Errorf("%s: another file is named %s", e.Name, part.Name)
				}
				files[part.Name] = part
			}
		}
	}
	return nil
}
