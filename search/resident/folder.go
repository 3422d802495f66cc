package resident

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/internal/face"
)

const (
	// folderVersion is that of the list that a folder has of itself.
	folderVersion = 1
	// listName is the list's file.
	listName = "copy"
)

// list says what a folder holds.
type list struct {
	Version     int
	Origin      string
	Position    face.Position
	Seed        uint64
	MemoryLimit int64
	Members     []listed
}

type listed struct {
	ID      int32
	Space   face.Space
	File    string // of its index; empty for none
	Few     []face.Enrolled
	Refused bool
}

// Save writes a copy that is whole into a folder, so that OpenCopy finds it there, and
// otherwise sees to it that it finds none. Origin says of which database it is. Nothing
// may be told to the copy meanwhile.
func (c *Copy) Save(folder, origin string) error {
	path := filepath.Join(folder, listName)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return folderError(err, "make", folder)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(err, "renew", folder)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.complete {
		return nil
	}
	l := list{Version: folderVersion, Origin: origin, Position: c.position, Seed: c.cfg.Seed, MemoryLimit: c.cfg.MemoryLimit}
	for id, m := range c.members {
		in := listed{ID: id, Space: m.space, Refused: m.refused}
		for _, row := range m.few {
			in.Few = append(in.Few, row)
		}
		if m.index != nil {
			in.File = fmt.Sprintf("%d.codes", id)
			if err := m.index.Save(filepath.Join(folder, in.File), c.position); err != nil {
				return err
			}
		}
		l.Members = append(l.Members, in)
	}
	return l.write(path)
}

// write puts the list's checksum and its text into a new file.
func (l list) write(path string) error {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(l); err != nil {
		return folderError(err, "write", path)
	}
	err := replace(path, func(w io.Writer) error {
		_, err := w.Write(binary.LittleEndian.AppendUint32(text.Bytes(), checksum(text.Bytes())))
		return err
	})
	if err != nil {
		return folderError(err, "write", path)
	}
	return nil
}

// OpenCopy takes up the copy that Save left in a folder, of which it says the database
// and the position. It can be done once: whatever follows makes the files old. It
// returns NotFound where there is none, and Invalid for one that is damaged, of another
// version or made with other settings; such files are never used.
func OpenCopy(folder string, cfg CopyConfig) (c *Copy, origin string, at face.Position, err error) {
	c, origin, at, err = openCopy(folder, cfg)
	if left := removeCodes(folder); left != nil { // those that are mapped stay in memory
		if c != nil {
			left = errors.Join(left, c.Close())
		}
		return nil, "", 0, errors.Join(err, left)
	}
	return c, origin, at, err
}

func openCopy(folder string, cfg CopyConfig) (_ *Copy, origin string, _ face.Position, err error) {
	l, err := takeList(filepath.Join(folder, listName))
	if err != nil {
		return nil, "", 0, err
	}
	c := NewCopy(cfg)
	if l.Seed != c.cfg.Seed || l.MemoryLimit != c.cfg.MemoryLimit {
		return nil, "", 0, face.Errorf(face.Invalid, "the copy in %s was made with other settings", folder)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	for _, in := range l.Members {
		m := newMember(in.Space)
		c.members[in.ID] = m
		m.refused = m.refused || in.Refused
		for _, row := range in.Few {
			m.few[row.Face] = row
		}
		if in.File == "" {
			continue
		}
		index, at, err := Open(filepath.Join(folder, in.File), in.Space, 0)
		if err != nil {
			return nil, "", 0, face.Wrap(face.Invalid, err, "the copy in %s is not whole", folder)
		}
		m.index, m.few = index, nil
		if at != l.Position {
			return nil, "", 0, face.Errorf(face.Invalid, "the index %s is not the one that belongs to the copy", in.File)
		}
	}
	c.position = l.Position
	return c, l.Origin, l.Position, nil
}

// removeCodes removes the files of indexes, and what a program that was killed has left
// of them: they hold what is like faces, and a copy is opened once.
func removeCodes(folder string) error {
	var errs []error
	for _, kind := range [...]string{"*.codes", "*.part"} {
		files, err := filepath.Glob(filepath.Join(folder, kind))
		errs = append(errs, err)
		for _, file := range files {
			errs = append(errs, os.Remove(file))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return folderError(err, "tidy", folder)
	}
	return nil
}

// takeList reads a list and removes it.
func takeList(path string) (l list, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, face.Errorf(face.NotFound, "there is no copy in %s", filepath.Dir(path))
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return l, folderError(err, "open", path)
	}
	end := len(text) - 4
	if end < 0 || binary.LittleEndian.Uint32(text[end:]) != checksum(text[:end]) {
		return l, face.Errorf(face.Invalid, "%s is damaged", path)
	}
	if err := gob.NewDecoder(bytes.NewReader(text[:end])).Decode(&l); err != nil || l.Version != folderVersion {
		return l, face.Errorf(face.Invalid, "%s is of another version", path)
	}
	return l, nil
}

func folderError(err error, what, path string) error {
	return face.Wrap(face.Unavailable, err, "%s %s: see that the disk has room and that the folder is yours", what, path)
}
