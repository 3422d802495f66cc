package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// ImportUnpinned copies a user's own conversion of a model into the store: a
// file, and its parts in their order if the model has some. Their hashes are
// recorded in pins.yaml and required from then on, and the file is one more of
// the model's, after all others. Files that the registry knows are imported as
// Import does. Errors are those of Import, face.Invalid for a model that takes
// no file or another number of them, and face.Mismatch for a damaged pins.yaml.
func (s *Store) ImportUnpinned(name string, paths ...string) ([]Placed, error) {
	e, err := s.Model(name)
	if err != nil {
		return nil, err
	}
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
	if e.has(pins) {
		return s.Import(name, paths...)
	}
	var placed []Placed
	for i, p := range pins {
		f := File{Name: p.File, SHA256: p.SHA256, Bytes: p.Bytes, Unpinned: true}
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
	if e.BuiltIn {
		return face.Errorf(face.Invalid, "%s is built in: it takes no file", e.Name)
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

// has says whether the pins are those of one of the model's files and its parts.
func (e Entry) has(pins []Pin) bool {
	return slices.ContainsFunc(e.Files, func(f File) bool {
		return slices.EqualFunc(f.All(), pins, func(part File, p Pin) bool { return part.SHA256 == p.SHA256 })
	})
}

// describe makes the pins for a user's files, which are named after the model
// and their common hash, so that none takes the place of another.
func describe(e Entry, paths []string) ([]Pin, error) {
	var pins []Pin
	var sums strings.Builder
	for _, path := range paths {
		size, err := regular(path)
		if err != nil {
			return nil, err
		}
		if size == 0 || size > maxUnknown {
			return nil, face.Errorf(face.Mismatch, "%s has %d bytes: weights have 1 to %d", path, size, maxUnknown)
		}
		sum, size, err := hashFile(path)
		if err != nil {
			return nil, err
		}
		sums.WriteString(sum)
		pins = append(pins, Pin{SHA256: sum, Bytes: size, Source: importSource})
	}
	common := pins[0].SHA256
	if len(pins) > 1 {
		all := sha256.Sum256([]byte(sums.String()))
		common = hex.EncodeToString(all[:])
	}
	for i, path := range paths {
		pins[i].File = fmt.Sprintf("%s-%s", e.Name, common[:12])
		if i > 0 {
			pins[i].File += fmt.Sprintf("-%d", i+1)
			pins[i].PartOf = pins[0].File
		}
		pins[i].File += extension(path)
	}
	return pins, nil
}

// extension is a file's own where it is a plain one, such as .onnx.
func extension(path string) string {
	ext := filepath.Ext(path)
	if len(ext) > len(".caffemodel") || ext == partSuffix || strings.Trim(strings.ToLower(ext), ".abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}
