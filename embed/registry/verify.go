package registry

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
)

// Check is the state of one weights file that a store found.
type Check struct {
	Model    string `json:"model"`
	Path     string `json:"path"`
	SHA256   string `json:"sha256"` // of the bytes that lie there
	OK       bool   `json:"ok"`
	Unpinned bool   `json:"unpinned,omitempty"` // its hash is the one recorded in pins.yaml
}

// Verdict is "ok", "ok, unpinned" or "damaged".
func (c Check) Verdict() string {
	switch {
	case !c.OK:
		return "damaged"
	case c.Unpinned:
		return "ok, unpinned"
	default:
		return "ok"
	}
}

// Verify hashes every file that has the content or the name of a known one. It
// returns face.Unavailable for a file that cannot be read.
func (s *Store) Verify() ([]Check, error) {
	s.scan.Do(s.look)
	var checks []Check
	for _, path := range slices.Concat(slices.Collect(maps.Values(s.found)), slices.Collect(maps.Values(s.wrong))) {
		sum, _, err := hashFile(path)
		if err != nil {
			return nil, err
		}
		e, f, ok := s.owner(sum)
		if !ok {
			e = s.holder(filepath.Base(path))
			f, _ = e.part(filepath.Base(path))
		}
		checks = append(checks, Check{Model: e.Name, Path: path, SHA256: sum, OK: ok, Unpinned: f.Unpinned})
	}
	slices.SortFunc(checks, func(a, b Check) int { return cmp.Compare(a.Path, b.Path) })
	return checks, nil
}
