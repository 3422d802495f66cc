package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// pinsName is the file in a store's first directory that holds the hashes which
// no publisher gives.
const pinsName = "pins.yaml"

// importSource is a pin's source that is no URL.
const importSource = "import"

// Pin is the SHA-256 of a weights file whose publisher does not give it, as it
// was when the file was pulled or imported for the first time.
type Pin struct {
	Kind   Kind   `yaml:"kind" json:"kind"`
	Model  string `yaml:"model" json:"model"`
	File   string `yaml:"file" json:"file"`
	SHA256 string `yaml:"sha256" json:"sha256"`
	Bytes  int64  `yaml:"bytes" json:"bytes"`
	// Source is the URL that the file came from, or "import" for a user's own
	// file.
	Source string    `yaml:"source" json:"source"`
	Time   time.Time `yaml:"time" json:"time"`
	// PartOf names the imported file together with which this one is used.
	PartOf string `yaml:"part_of,omitempty" json:"part_of,omitempty"`
}

// Pins lists the hashes recorded in pins.yaml. It returns face.Mismatch if that
// file is damaged.
func (s *Store) Pins() ([]Pin, error) {
	s.recall.Do(s.remember)
	return s.pins, s.unpinned
}

// remember adds to the registry's models what pins.yaml holds.
func (s *Store) remember() {
	if len(s.dirs) > 0 {
		s.pins, s.unpinned = readPins(s.dirs[0])
	}
	s.known = slices.Clone(s.entries)
	for i, e := range s.known {
		s.known[i].Files = append(e.recorded(s.pins), e.imported(s.pins)...)
	}
}

func readPins(dir string) ([]Pin, error) {
	path := filepath.Join(dir, pinsName)
	text, err := readText(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // which look reports
		return nil, nil
	}
	if err != nil && face.CodeOf(err) != face.Mismatch {
		return nil, face.Wrap(face.Unavailable, err, "recorded hashes")
	}
	var pins []Pin
	if err == nil {
		pins, err = parsePins(text)
	}
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err,
			"%s, which holds the hashes of weights whose publishers give none, is damaged: restore it from a copy, or remove it and pull or import those weights again", path)
	}
	return pins, nil
}

func parsePins(text []byte) ([]Pin, error) {
	if len(text) == 0 {
		return nil, errors.New("it is empty")
	}
	var pins []Pin
	if err := strictly(text, &pins); err != nil {
		return nil, err
	}
	for i, p := range pins {
		before := pins[:i]
		switch {
		case p.Kind == "" || p.Model == "" || !isFileName(p.File) || !isHash(p.SHA256) || p.Bytes < 1 || p.Source == "" || p.Time.IsZero():
			return nil, fmt.Errorf("its hash number %d lacks something, or has something wrong: %+v", i+1, p)
		case slices.ContainsFunc(before, p.sameFile):
			return nil, fmt.Errorf("it has %s of %s twice", p.File, p.Model)
		case p.PartOf != "" && !slices.ContainsFunc(before, func(b Pin) bool { return b.File == p.PartOf && b.PartOf == "" && p.sameModel(b) }):
			return nil, fmt.Errorf("it lacks %s, of which %s is a part", p.PartOf, p.File)
		}
	}
	return pins, nil
}

func (p Pin) sameModel(other Pin) bool { return p.Kind == other.Kind && p.Model == other.Model }
func (p Pin) sameFile(other Pin) bool  { return p.sameModel(other) && p.File == other.File }

// recorded are the model's files with the hashes of those that were pulled.
func (e Entry) recorded(pins []Pin) []File {
	files := slices.Clone(e.Files)
	for i := range files {
		files[i] = e.pinned(files[i], pins)
		files[i].Parts = slices.Clone(files[i].Parts)
		for j, part := range files[i].Parts {
			files[i].Parts[j] = e.pinned(part, pins)
		}
	}
	return files
}

func (e Entry) pinned(f File, pins []Pin) File {
	i := slices.IndexFunc(pins, Pin{Kind: e.Kind, Model: e.Name, File: f.Name}.sameFile)
	if i >= 0 && f.SHA256 == "" {
		f.SHA256, f.Bytes, f.Recorded = pins[i].SHA256, pins[i].Bytes, true
	}
	return f
}

// imported are the files that a user gave to the model.
func (e Entry) imported(pins []Pin) []File {
	var files []File
	for _, p := range pins {
		if p.Source != importSource || p.Kind != e.Kind || p.Model != e.Name {
			continue
		}
		f := File{Name: p.File, Made: "imported on " + p.Time.Format(time.DateOnly), SHA256: p.SHA256, Bytes: p.Bytes, Unpinned: true, Recorded: true}
		i := slices.IndexFunc(files, func(whole File) bool { return whole.Name == p.PartOf })
		if i < 0 {
			files = append(files, f)
		} else {
			files[i].Parts = append(files[i].Parts, f)
		}
	}
	return files
}
