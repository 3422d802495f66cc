// Package registry knows which models exist, finds their files by hash wherever
// they lie, and fetches them when told to.
package registry

import (
	"bytes"
	_ "embed" // for models.yaml
	"fmt"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
	"go.yaml.in/yaml/v3"
)

//go:embed models.yaml
var models []byte

// Kind is what a model does.
type Kind string

// The kinds.
const (
	Detector   Kind = "detector"
	Recognizer Kind = "recognizer"
)

// Entry describes one model.
type Entry struct {
	Name       string `yaml:"name" json:"name"`
	Kind       Kind   `yaml:"kind" json:"kind"`
	Summary    string `yaml:"summary" json:"summary"`
	Licence    string `yaml:"licence" json:"licence"`
	Commercial string `yaml:"commercial" json:"commercial"` // "yes", "no" or "unclear"
	Source     string `yaml:"source" json:"source"`
	BuiltIn    bool   `yaml:"built_in" json:"built_in"` // needs no file of its own
	// Dim is how many values a recogniser gives.
	Dim   int    `yaml:"dim" json:"dim,omitempty"`
	Input *Input `yaml:"input" json:"input,omitempty"`
	// Threshold is a recogniser's cosine distance at or below which two native
	// templates count as one person's.
	Threshold *face.Threshold `yaml:"threshold" json:"threshold,omitempty"`
	Files     []File          `yaml:"files" json:"files,omitempty"`
}

// Input says how a recogniser wants an aligned face: Side pixels a side, and
// (x - Mean) / Std on each channel of 0 to 255, in the network's order.
type Input struct {
	Side int        `yaml:"side" json:"side"`
	RGB  bool       `yaml:"rgb" json:"rgb"` // red, green, blue; the opposite otherwise
	Mean [3]float32 `yaml:"mean" json:"mean"`
	Std  [3]float32 `yaml:"std" json:"std"`
}

// File is one weights file, known by its hash.
type File struct {
	Name   string `yaml:"name" json:"name"`
	URL    string `yaml:"url" json:"url"`
	SHA256 string `yaml:"sha256" json:"sha256"` // 64 lower case hex digits
	Bytes  int64  `yaml:"bytes" json:"bytes"`
}

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
	return entries, nil
}

// Find picks a model by kind and name; upper and lower case count the same. It
// returns face.NotFound for an unknown name, listing the known ones.
func Find(entries []Entry, kind Kind, name string) (Entry, error) {
	var known []string
	for _, e := range entries {
		if e.Kind != kind {
			continue
		}
		if strings.EqualFold(e.Name, name) {
			return e, nil
		}
		known = append(known, e.Name)
	}
	return Entry{}, face.Errorf(face.NotFound, "no %s named %q: choose one of %s", kind, name, strings.Join(known, ", "))
}

// FileNamed picks one of the model's files by its name, with or without ".onnx".
func (e Entry) FileNamed(name string) (File, bool) {
	i := slices.IndexFunc(e.Files, func(f File) bool {
		return f.Name == name || strings.TrimSuffix(f.Name, ".onnx") == name
	})
	if i < 0 {
		return File{}, false
	}
	return e.Files[i], true
}
