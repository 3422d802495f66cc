package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

// What goes into one transaction of an import: at most so many templates, and
// about so many bytes of them.
const (
	batchRows  = 10_000
	batchBytes = 16 << 20
)

// importers is how many batches are in memory and stored at once.
const importers = 2

// store takes a batch of templates and returns how many of them were new.
type store interface {
	Add(ctx context.Context, batch []face.Record) (int, error)
}

// templates are read one by one, io.EOF after the last: a file's, or others.
type templates interface {
	Read() (face.Record, error)
	// Total is how many there are at least, 0 where that is not known. It may be asked
	// for while Read is called.
	Total() int
}

// importAll moves templates into a gallery, two batches at once, so
// that the one is prepared while the server is busy with the other. It tells of
// each batch that is committed, from one goroutine at a time.
func importAll(ctx context.Context, from templates, dim int, to store, tell func(rows, added int)) error {
	var reading, telling sync.Mutex
	var ended error // why there is nothing more to read
	next := func() []face.Record {
		reading.Lock()
		defer reading.Unlock()
		var batch []face.Record
		if ended == nil {
			batch, ended = readBatch(from, min(batchRows, max(1, batchBytes/(4*dim))))
		}
		return batch
	}
	work, ctx := errgroup.WithContext(ctx)
	for range importers {
		work.Go(func() error {
			for batch := next(); len(batch) > 0; batch = next() {
				added, err := to.Add(ctx, batch)
				if err != nil {
					return err
				}
				telling.Lock()
				tell(len(batch), added)
				telling.Unlock()
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil || errors.Is(ended, io.EOF) {
		return err
	}
	return ended
}

// readBatch returns up to so many templates, also those before an error.
func readBatch(from templates, size int) ([]face.Record, error) {
	batch := make([]face.Record, 0, size)
	for len(batch) < size {
		r, err := from.Read()
		if err != nil {
			return batch, err
		}
		batch = append(batch, r)
	}
	return batch, nil
}
