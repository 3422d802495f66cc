// Package registry knows which models exist, finds their files by hash wherever
// they lie, and fetches them when told to.
package registry

import (
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Kind is what a model does.
type Kind string

// The kinds.
const (
	Detector   Kind = "detector"
	Recognizer Kind = "recognizer"
	Attribute  Kind = "attribute" // age, gender, race, emotion
	Liveness   Kind = "liveness"  // a live face, or a picture of one
)

// Entry describes one model.
type Entry struct {
	Name string `yaml:"name" json:"name"`
	// Aliases are other spellings that Find takes for the name.
	Aliases    []string `yaml:"aliases" json:"aliases,omitempty"`
	Kind       Kind     `yaml:"kind" json:"kind"`
	Summary    string   `yaml:"summary" json:"summary"`
	Licence    string   `yaml:"licence" json:"licence"`
	Commercial string   `yaml:"commercial" json:"commercial"` // "yes", "no" or "unclear"
	Source     string   `yaml:"source" json:"source"`
	BuiltIn    bool     `yaml:"built_in" json:"built_in"` // needs no file of its own
	Own        bool     `yaml:"-" json:"own,omitempty"`   // the user's, from models.yaml
	// Build is the build tag without which the program cannot use the model.
	// Such a model is used where it is named.
	Build string `yaml:"build" json:"build,omitempty"`
	// Backend is what reads a detector's graph, by its name in embed/detect.
	// Defaults to the model's name.
	Backend string `yaml:"backend" json:"backend,omitempty"`
	// Loosen says that a detector's graph declares a size for its input that it
	// does not need.
	Loosen bool `yaml:"loosen" json:"loosen,omitempty"`
	// BoxEyes says where the eyes lie in the box of a detector without landmarks.
	BoxEyes *BoxEyes `yaml:"box_eyes" json:"box_eyes,omitempty"`
	// References are where a model or its weights are described: papers,
	// repositories.
	References []string `yaml:"references" json:"references,omitempty"`
	// Recognition says what a recogniser takes and gives; nil for other kinds.
	Recognition *Recognition `yaml:"recognition" json:"recognition,omitempty"`
	// Attribution says what a model of attributes takes and gives; nil for other
	// kinds.
	Attribution *Attribution `yaml:"attribution" json:"attribution,omitempty"`
	// Presentation says what a model of liveness takes and gives; nil for other
	// kinds.
	Presentation *Presentation `yaml:"presentation" json:"presentation,omitempty"`
	// Files are those of which any one serves, the preferred first.
	Files []File `yaml:"files" json:"files,omitempty"`
}

// BoxEyes places two eyes that lie on one level, as far from the left as from
// the right side of the box. Both values are between 0 and 1.
type BoxEyes struct {
	Distance float64 `yaml:"distance" json:"distance"` // between them, as a share of the box's width
	Line     float64 `yaml:"line" json:"line"`         // below the box's top, as a share of its height
}

// is says whether a name is one of the model's, as fold writes them.
func (e Entry) is(name string) bool {
	return fold(e.Name) == fold(name) || slices.ContainsFunc(e.Aliases, func(a string) bool { return fold(a) == fold(name) })
}

// fold writes a name in small letters without '-' and '_', which DeepFace's
// users write in several ways.
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// Find picks a model by kind and by name or alias; upper and lower case count
// the same, and '-' and '_' nothing. It returns face.NotFound for an unknown
// name, listing the known ones.
func Find(entries []Entry, kind Kind, name string) (Entry, error) {
	var known []string
	for _, e := range entries {
		if e.Kind != kind {
			continue
		}
		if e.is(name) {
			return e, nil
		}
		known = append(known, e.Name)
	}
	return Entry{}, face.Errorf(face.NotFound, "no %s named %q: choose one of %s; `visage models list` shows which are installed, `visage models pull NAME` installs one", kind, name, strings.Join(known, ", "))
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

// Preferred is the file to pull where only the model is named: the first that
// something vouches for, or else the first that can be pulled at all.
func (e Entry) Preferred() (File, bool) {
	i := slices.IndexFunc(e.Files, func(f File) bool { return f.Pullable() && f.Vouched() })
	if i < 0 {
		i = slices.IndexFunc(e.Files, File.Pullable)
	}
	if i < 0 {
		return File{}, false
	}
	return e.Files[i], true
}
