package registry

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
)

// Check is the state of one weights file that a store found.
type Check struct {
	Model  string `json:"model"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // of the bytes that lie there
	OK     bool   `json:"ok"`
}

// Verdict is "ok" or "damaged".
func (c Check) Verdict() string {
	if c.OK {
		return "ok"
	}
	return "damaged"
}

// named is the model that has a file of the name.
func (s *Store) named(file string) Entry {
	i := slices.IndexFunc(s.entries, func(e Entry) bool { _, ok := e.FileNamed(file); return ok })
	return s.entries[i]
}

// Verify hashes every file that has the content or the name of a known one. It
// returns face.Unavailable for a file that cannot be read.
func (s *Store) Verify() ([]Check, error) {
	s.scan.Do(s.look)
	var checks []Check
	for _, path := range slices.Concat(slices.Collect(maps.Values(s.found)), slices.Collect(maps.Values(s.wrong))) {
		sum, err := hashFile(path)
		if err != nil {
			return nil, err
		}
		e, _, ok := s.owner(sum)
		if !ok {
			e = s.named(filepath.Base(path))
		}
		checks = append(checks, Check{Model: e.Name, Path: path, SHA256: sum, OK: ok})
	}
	slices.SortFunc(checks, func(a, b Check) int { return cmp.Compare(a.Path, b.Path) })
	return checks, nil
}
