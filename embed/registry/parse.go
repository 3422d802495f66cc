package registry

import (
	"bytes"
	_ "embed" // for models.yaml
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed models.yaml
var models []byte

// Entries lists all models in order of preference within their kind.
func Entries() ([]Entry, error) {
	return parse(models)
}

func parse(text []byte) ([]Entry, error) {
	var entries []Entry
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf("model registry: %w", err)
	}
	for i := range entries {
		e := &entries[i]
		e.Recognition.withDefaults()
		if err := e.validate(); err != nil {
			return nil, fmt.Errorf("model registry: %s: %w", e.Name, err)
		}
		if e.Kind == Detector && e.Backend == "" {
			e.Backend = e.Name
		}
	}
	if err := distinct(entries); err != nil {
		return nil, fmt.Errorf("model registry: %w", err)
	}
	return entries, nil
}

func (e Entry) validate() error {
	switch {
	case fold(e.Name) == "" || !isFileName(e.Name) || slices.ContainsFunc(e.Aliases, func(a string) bool { return fold(a) == "" }):
		return fmt.Errorf("name %q or aliases %q: each wants letters, and an imported file is named after the name", e.Name, e.Aliases)
	case e.Kind != Detector && e.Kind != Recognizer:
		return fmt.Errorf("kind is %q, want %s or %s", e.Kind, Detector, Recognizer)
	case !slices.Contains([]string{"yes", "no", "unclear"}, e.Commercial):
		return fmt.Errorf("commercial is %q, want yes, no or unclear", e.Commercial)
	case e.BuiltIn == (len(e.Files) > 0):
		return fmt.Errorf("built_in is %v with %d files, want either", e.BuiltIn, len(e.Files))
	case e.Kind != Detector && (e.Backend != "" || e.BoxEyes != nil):
		return fmt.Errorf("backend and box_eyes are a detector's")
	case e.BoxEyes != nil && !(share(e.BoxEyes.Distance) && share(e.BoxEyes.Line)):
		return fmt.Errorf("box_eyes are %+v, want shares between 0 and 1", *e.BoxEyes)
	}
	if err := e.Recognition.validate(e.Kind); err != nil {
		return err
	}
	for _, f := range e.Files {
		for i, part := range f.All() {
			if err := part.validate(i > 0); err != nil {
				return fmt.Errorf("file %q: %w", part.Name, err)
			}
		}
	}
	return nil
}

func share(x float64) bool { return x > 0 && x < 1 }

func (f File) validate(isPart bool) error {
	switch {
	case !isFileName(f.Name):
		return fmt.Errorf("this cannot be a file's name")
	case f.URL == "" && f.Made == "":
		return fmt.Errorf("it has neither a url nor what it was made of")
	case f.URL != "" && !strings.HasPrefix(f.URL, "https://"):
		return fmt.Errorf("url is %q, want https", f.URL)
	case f.Unpinned && (f.SHA256 != "" || f.Bytes != 0):
		return fmt.Errorf("an unpinned file has no sha256 and no bytes")
	case !f.Unpinned && !isHash(f.SHA256):
		return fmt.Errorf("sha256 is %q, want 64 lower case hex digits, or unpinned", f.SHA256)
	case f.Bytes < 0:
		return fmt.Errorf("bytes is %d, want at least 1, or none where the publisher does not tell", f.Bytes)
	case f.Archive != "" && f.Archive != archiveZip && f.Archive != archiveBz2:
		return fmt.Errorf("archive is %q, want %s or %s", f.Archive, archiveZip, archiveBz2)
	case f.Archive != "" && f.URL == "":
		return fmt.Errorf("an archive needs a url")
	case (f.Member != "") != (f.Archive == archiveZip):
		return fmt.Errorf("a zip file needs a member, and nothing else has one")
	case f.ArchiveSHA256 != "" && (f.Archive == "" || !isHash(f.ArchiveSHA256)):
		return fmt.Errorf("archive_sha256 is %q, want an archive's 64 lower case hex digits", f.ArchiveSHA256)
	case isPart && len(f.Parts) > 0:
		return fmt.Errorf("a part has parts")
	}
	return nil
}

func isHash(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// isFileName says whether a file may lie under the name in a models folder,
// beside the files that a Store keeps for itself.
func isFileName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && !strings.HasPrefix(name, ".") &&
		!strings.HasPrefix(name, pinsName) && !strings.HasSuffix(name, partSuffix)
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
