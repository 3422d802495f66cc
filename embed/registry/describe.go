package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

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
