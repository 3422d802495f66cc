package eval

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

// maxBytes is the largest file that is read, in bytes; no camera writes larger
// photographs.
const maxBytes = 256 << 20

// Failure is a photograph that gave no template, and why.
type Failure struct {
	File   string    `json:"file"`
	Code   face.Code `json:"code"`
	Reason string    `json:"reason"`
}

// acquired is what one photograph gave: a template or a failure.
type acquired struct {
	template face.Template
	sum      [sha256.Size]byte // of the file's bytes
	failure  *Failure
}

// acquire embeds the most prominent face of each file, every distinct file
// once. It returns what each gave, by path, and the one space of all templates,
// or NoFace where no file gave one.
func acquire(ctx context.Context, cfg Config, files []string) (map[string]acquired, face.Space, error) {
	files = slices.Compact(slices.Sorted(slices.Values(files)))
	results := make([]acquired, len(files))
	var (
		mu   sync.Mutex
		done int
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cfg.Workers)
	for i, file := range files {
		group.Go(func() error {
			got, err := embed(ctx, cfg.Embedder, file)
			if err != nil {
				return err
			}
			results[i] = got
			mu.Lock()
			defer mu.Unlock()
			done++
			cfg.Progress(done, len(files))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, face.Space{}, err
	}
	space, err := spaceOf(files, results)
	if err != nil {
		return nil, face.Space{}, err
	}
	byFile := make(map[string]acquired, len(files))
	for i, file := range files {
		byFile[file] = results[i]
	}
	return byFile, space, nil
}

// embed reads one file and embeds its most prominent face.
func embed(ctx context.Context, embedder Embedder, file string) (acquired, error) {
	if ctx.Err() != nil {
		return acquired{}, face.Wrap(face.Cancelled, ctx.Err(), "evaluation cancelled")
	}
	data, err := read(file)
	if err != nil {
		return failed(file, err)
	}
	return embedBytes(ctx, embedder, file, data)
}

// embedBytes embeds the most prominent face of a photograph that came from a file.
func embedBytes(ctx context.Context, embedder Embedder, file string, data []byte) (acquired, error) {
	got := acquired{sum: sha256.Sum256(data)}
	photo, err := embedder.Embed(ctx, data, face.Prominent)
	if err != nil {
		return failed(file, err)
	}
	if len(photo.Templates) == 0 {
		return failed(file, face.Errorf(face.NoFace, "no face was found"))
	}
	got.template = photo.Templates[0]
	return got, nil
}

// failed tells a failure of the photograph, which is counted, from one of the
// machinery, which is returned.
func failed(file string, err error) (acquired, error) {
	code := face.CodeOf(err)
	switch code {
	case face.NoFace, face.Unsupported, face.Undecodable, face.TooLarge, face.Empty, face.Unreadable, face.Vanished, face.Internal:
		return acquired{failure: &Failure{File: file, Code: code, Reason: err.Error()}}, nil
	default:
		return acquired{}, face.Wrap(code, err, "%s", file)
	}
}

// read returns the bytes of a regular file, with the codes under which an
// ingest rejects a file otherwise.
func read(file string) ([]byte, error) {
	info, err := os.Stat(file) // before opening it, which could wait for a pipe's writer
	if err != nil {
		return nil, readError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, face.Errorf(face.Unreadable, "not a regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, readError(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	switch {
	case err != nil:
		return nil, readError(err)
	case len(data) > maxBytes:
		return nil, face.Errorf(face.TooLarge, "more than %d bytes", maxBytes)
	case len(data) == 0:
		return nil, face.Errorf(face.Empty, "a file of no bytes")
	default:
		return data, nil
	}
}

func readError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return face.Wrap(face.Vanished, err, "the file does not exist")
	}
	return face.Wrap(face.Unreadable, err, "the file cannot be read")
}

// spaceOf returns the one space of all templates, NoFace where there is none
// and Mismatch where there are two.
func spaceOf(files []string, results []acquired) (face.Space, error) {
	first := -1
	for i, r := range results {
		switch {
		case r.failure != nil:
		case first < 0:
			first = i
		case r.template.Space != results[first].template.Space:
			return face.Space{}, face.Errorf(face.Mismatch, "%s is of the space %s, %s of %s",
				files[first], results[first].template.Space.Name(), files[i], r.template.Space.Name())
		}
	}
	if first < 0 {
		return face.Space{}, face.Errorf(face.NoFace, "none of the %d photographs gave a face: %s", len(files), firstReason(results))
	}
	return results[first].template.Space, nil
}

func firstReason(results []acquired) string {
	for _, r := range results {
		if r.failure != nil {
			return r.failure.File + ": " + r.failure.Reason
		}
	}
	return "none was named"
}

// failures lists what failed, by path.
func failures(byFile map[string]acquired) []Failure {
	list := []Failure{}
	for _, r := range byFile {
		if r.failure != nil {
			list = append(list, *r.failure)
		}
	}
	slices.SortFunc(list, func(a, b Failure) int { return strings.Compare(a.File, b.File) })
	return list
}
