package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/visagedb/visage/internal/face"
	"go.yaml.in/yaml/v3"
)

// pinsHeader tells who opens the file what it is.
const pinsHeader = `# SHA-256 of weights whose publishers give none, as they were when Visage first
# pulled or imported them. Written by visage models pull and import --unpinned;
# weights that differ are not used.
`

// record adds hashes of the model's files to pins.yaml as it is by now, whoever
// else adds to it. It
// returns face.Mismatch if a file has another hash there already, or pins.yaml
// is damaged, and face.Unavailable if it cannot be written.
func (s *Store) record(e Entry, pins ...Pin) (err error) {
	dir := s.dirs[0]
	guard, err := os.OpenFile(filepath.Join(dir, pinsName+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return face.Wrap(face.Unavailable, err, "record hashes")
	}
	defer func() { err = errors.Join(err, guard.Close()) }()
	if err := lock(guard, syscall.LOCK_EX); err != nil {
		return face.Wrap(face.Unavailable, err, "record hashes")
	}
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
	return writePins(dir, held)
}

// writePins replaces the file at once, so that a reader sees all of the old or
// all of the new.
func writePins(dir string, pins []Pin) error {
	text, err := yaml.Marshal(pins)
	if err != nil {
		return face.Wrap(face.Internal, err, "record hashes")
	}
	next, err := os.CreateTemp(dir, pinsName+".*"+partSuffix)
	if err != nil {
		return face.Wrap(face.Unavailable, err, "record hashes")
	}
	defer os.Remove(next.Name()) // gone already when all went well
	_, err = next.Write(append([]byte(pinsHeader), text...))
	if err = errors.Join(err, next.Chmod(0o644), next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), filepath.Join(dir, pinsName))
	}
	if err != nil {
		return face.Wrap(face.Unavailable, err, "record hashes")
	}
	return nil
}

// otherThanPinned is the error for a file that is no longer what it was when it
// was first pulled; the cause says what differs.
func (s *Store) otherThanPinned(e Entry, p Pin, cause error) error {
	return face.Wrap(face.Mismatch, cause,
		"%s gives another %s of %s than on %s, and nothing was replaced; to take the new file nevertheless, remove the old one and its lines in %s, then run `visage models pull %s --unpinned`",
		p.Source, p.File, e.Name, p.Time.Format(time.DateOnly), filepath.Join(s.dirs[0], pinsName), e.whole(File{Name: p.File}).Name)
}
