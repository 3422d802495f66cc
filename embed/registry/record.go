package registry

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
	"go.yaml.in/yaml/v3"
)

// pinsHeader tells who opens the file what it is.
const pinsHeader = `# SHA-256 of weights whose publishers give none, as they were when Visage first
# pulled or imported them. Written by visage models pull and import; weights that
# differ are not used.
`

// record adds hashes of the model's files to pins.yaml as it is by now, whoever
// else adds to it. It returns face.Mismatch if a file has another hash there
// already, or pins.yaml is damaged, and face.Unavailable if it cannot be
// written.
func (s *Store) record(e Entry, pins ...Pin) error {
	dir := s.dirs[0]
	path := filepath.Join(dir, pinsName)
	return guarded(path, func() error {
		held, err := readPins(dir)
		if err != nil {
			return err
		}
		for _, p := range pins {
			p.Kind, p.Model = e.Kind, e.Name
			i := slices.IndexFunc(held, p.sameFile)
			if i < 0 {
				p.Time = time.Now().UTC().Truncate(time.Second)
				held = append(held, p)
			} else if held[i].SHA256 != p.SHA256 {
				return s.otherThanPinned(e, held[i], fmt.Errorf("SHA-256 is %s, want %s", p.SHA256, held[i].SHA256))
			}
		}
		text, err := yaml.Marshal(held)
		if err != nil {
			return face.Wrap(face.Internal, err, "record hashes")
		}
		if err := replaceText(path, append([]byte(pinsHeader), text...)); err != nil {
			return face.Wrap(face.Unavailable, err, "record hashes")
		}
		return nil
	})
}

// otherThanPinned is the error for a file that is no longer what it was when it
// was first pulled; the cause says what differs.
func (s *Store) otherThanPinned(e Entry, p Pin, cause error) error {
	return face.Wrap(face.Mismatch, cause,
		"%s gives another %s of %s than on %s, and nothing was replaced; to take the new file nevertheless, remove the old one and its lines in %s, then run `visage models pull %s --unpinned`",
		p.Source, p.File, e.Name, p.Time.Format(time.DateOnly), filepath.Join(s.dirs[0], pinsName), e.whole(File{Name: p.File}).Name)
}
