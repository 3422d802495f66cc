package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// Store finds weights. It looks into its folders once, when it is first asked.
// It is safe for several goroutines.
type Store struct {
	entries []Entry
	dirs    []string

	recall   sync.Once
	known    []Entry // entries with what pins.yaml adds
	pins     []Pin
	unpinned error // why pins.yaml cannot be used

	scan   sync.Once
	found  map[string]string // SHA-256 to path
	wrong  map[string]string // name of a known file to a path of that name with other bytes
	loose  map[string]string // name of a file whose hash nobody knows to a path of that name
	unread []error           // what could not be looked at
}

// NewStore looks for weights in the directories, the first of which is where
// Pull and Import put them. Directories that do not exist count as empty.
func NewStore(entries []Entry, dirs ...string) *Store {
	return &Store{entries: entries, dirs: dirs}
}

// Entries lists the models that the store knows. Files whose publisher gives no
// hash have the one that was recorded when they were pulled, and the files that
// a user imported under a model's name come after those of the registry.
func (s *Store) Entries() []Entry {
	s.recall.Do(s.remember)
	return s.known
}

// Model picks a model of any kind by its name or alias. Errors are
// face.NotFound, and face.Invalid for a spelling that two models share.
func (s *Store) Model(name string) (Entry, error) {
	var alike []Entry
	for _, e := range s.Entries() {
		if e.Name == name {
			return e, nil
		}
		if e.is(name) {
			alike = append(alike, e)
		}
	}
	switch len(alike) {
	case 0:
		return Entry{}, face.Errorf(face.NotFound, "no model is named %q: see visage models list", name)
	case 1:
		return alike[0], nil
	default:
		return Entry{}, face.Errorf(face.Invalid, "%q may be the %s %s or the %s %s: write the name as it stands here",
			name, alike[0].Kind, alike[0].Name, alike[1].Kind, alike[1].Name)
	}
}

// Default is the first model of the kind that is built in, or installed and
// vouched for: what was taken on trust is used when it is named, and so is a
// model that not every build can use, or that has no threshold to decide by.
func (s *Store) Default(kind Kind) (Entry, error) {
	remedy := ""
	for _, e := range s.Entries() {
		if e.Kind != kind || e.Build != "" || !e.decides() {
			continue
		}
		if e.BuiltIn {
			return e, nil
		}
		f, _, err := s.Installed(e)
		switch code := face.CodeOf(err); {
		case err == nil && f.Vouch() != ByNobody:
			return e, nil
		case err != nil && code != face.Unavailable && code != face.Mismatch:
			return Entry{}, err
		}
		if p, ok := e.Preferred(); ok && p.Pullable() && remedy == "" {
			remedy = e.remedy(p) + "; "
		}
	}
	return Entry{}, face.Errorf(face.Unavailable, "no model of the kind %s is installed: %s`visage models list` shows which there are", kind, remedy)
}

// Load reads a file and verifies its hash, so that what is used is what was
// checked. The file is one of a Store's, whose hash is known.
func Load(path string, f File) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "weights %s", f.Name)
	}
	sum := sha256.Sum256(data)
	switch actual := hex.EncodeToString(sum[:]); {
	case f.SHA256 == "":
		return nil, face.Errorf(face.Mismatch, "weights %s: SHA-256 is %s, and there is no hash to verify it by", path, actual)
	case actual != f.SHA256:
		return nil, face.Errorf(face.Mismatch, "weights %s: SHA-256 is %s, want %s", path, actual, f.SHA256)
	}
	return data, nil
}
