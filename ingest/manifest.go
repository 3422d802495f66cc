package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

const (
	// maxName is the longest name of an identity, in bytes, that a gallery takes.
	maxName = 1024
	// maxMetadata bounds what is kept with a photograph, in bytes.
	maxMetadata = 64 << 10
)

// manifest lists files of a folder that a table names, instead of walking it.
type manifest struct {
	*tree
	file    string
	sieve   sieve
	found   func(photo)
	refused func(path string, why *face.Error)
	listing
}

// row is one line of a manifest.
type row struct {
	listed, identity, metadata string
	line                       int
}

// openManifest reads a manifest once, so that a mistake in it is told before
// anything is done. It returns Invalid, with line and column, for one that it
// cannot understand, and NotFound or Unreadable where there is none.
func openManifest(file string, t *tree, chosen sieve) (*manifest, error) {
	m := &manifest{tree: t, file: file, sieve: chosen}
	lines := map[pathSum]int{}
	err := m.rows(func(r row) error {
		if line, twice := lines[sumOf(r.listed)]; twice {
			return m.wrong(r.line, 1, "%s is named on line %d already", face.Readable(r.listed), line)
		}
		lines[sumOf(r.listed)] = r.line
		return nil
	})
	return m, err
}

func (m *manifest) lister(found func(photo), refused func(string, *face.Error)) lister {
	m.found, m.refused = found, refused
	return m
}

func (m *manifest) walk(ctx context.Context) error {
	return m.rows(func(r row) error {
		if !m.sieve.passes(r.listed) {
			m.excluded++
			return ctx.Err()
		}
		path := m.absolute(r.listed)
		info, err := m.stat(r.listed)
		switch {
		case err != nil:
			m.refused(path, fileError(err))
		case !info.Mode().IsRegular():
			m.refused(path, face.Errorf(face.Unreadable, "not a regular file but %s", kindOf(info.Mode())))
		default:
			m.found(photo{
				path: path, name: r.listed, identity: r.identity, metadata: r.metadata,
				size: info.Size(), modTime: ledgerTime(info.ModTime()),
			})
		}
		return ctx.Err()
	})
}

// rows reads the manifest: comma-separated values whose first line names the
// columns path, identity and, if it likes, metadata, in any order and among
// others.
func (m *manifest) rows(take func(row) error) error {
	f, err := os.Open(m.file)
	if err != nil {
		code := face.Unreadable
		if errors.Is(err, fs.ErrNotExist) {
			code = face.NotFound
		}
		return face.Errorf(code, "ingest: the manifest %q cannot be opened: %v", m.file, reason(err))
	}
	defer f.Close() // nothing was written
	in := bufio.NewReader(f)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(len(mark)) // it was peeked at
	}
	table := csv.NewReader(in)
	table.ReuseRecord = true
	header, err := table.Read()
	if errors.Is(err, io.EOF) {
		return m.wrong(1, 1, "it is empty: the first line must be path,identity or path,identity,metadata")
	}
	if err != nil {
		return m.unread(err)
	}
	header = slices.Clone(header)
	for _, name := range []string{"path", "identity"} {
		if !slices.Contains(header, name) {
			return m.wrong(1, 1, "there is no column %q: the first line must be path,identity or path,identity,metadata", name)
		}
	}
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return m.unread(err)
		}
		r, err := m.row(table, header, record)
		if err != nil {
			return err
		}
		if err := take(r); err != nil {
			return err
		}
	}
}

func (m *manifest) row(table *csv.Reader, header, record []string) (row, error) {
	var r row
	for i, field := range record {
		line, column := table.FieldPos(i)
		switch header[i] {
		case "path":
			r.line = line
			if filepath.IsAbs(field) {
				below, err := filepath.Rel(m.path, field)
				if err != nil {
					return r, m.wrong(line, column, "the path %s: %v", face.Readable(field), err)
				}
				field = below
			}
			if r.listed = filepath.Clean(field); field == "" || r.listed == "." || !filepath.IsLocal(field) || strings.Contains(field, "\x00") {
				return r, m.wrong(line, column, "the path %q is not one below %s", face.Readable(field), face.Readable(m.path))
			}
		case "identity":
			if r.identity = face.Readable(field); len(r.identity) > maxName {
				return r, m.wrong(line, column, "the identity has %d bytes, the limit is %d", len(r.identity), maxName)
			}
		case "metadata":
			if field != "" && !storable(field) {
				return r, m.wrong(line, column, "the metadata is not a JSON object of at most %d bytes", maxMetadata)
			}
			r.metadata = field
		}
	}
	return r, nil
}

// storable says whether a text is a JSON object that Postgres takes, which knows
// no zero byte in a string.
func storable(text string) bool {
	var object map[string]json.RawMessage
	return len(text) <= maxMetadata && !strings.Contains(text, `\u0000`) && json.Unmarshal([]byte(text), &object) == nil && object != nil
}

func (m *manifest) wrong(line, column int, format string, args ...any) error {
	why := face.Errorf(face.Invalid, format, args...)
	return face.Errorf(face.Invalid, "ingest: manifest %s, line %d, column %d: %s", m.file, line, column, why.Message)
}

// unread tells why the table cannot be read on.
func (m *manifest) unread(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return m.wrong(syntax.Line, syntax.Column, "%v", syntax.Err)
	}
	return face.Errorf(face.Unreadable, "ingest: the manifest %q cannot be read: %v", m.file, reason(err))
}
