package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// ImportRound is how long it took to load the same templates in two ways.
type ImportRound struct {
	Import time.Duration // load, which may be an Import
	Copy   time.Duration // the rows that it left, by COPY FROM STDIN BINARY alone
}

// MeasureImport has load fill an empty space of the database, which must be a
// scratch one, keeps the rows that it left as COPY writes them in files in dir, and
// loads these into the same tables, empty again, under the same constraints and
// indexes, with one statement for each table. The space has no HNSW index
// meanwhile. A first round is not counted; the last one's rows stay.
func (d *DB) MeasureImport(ctx context.Context, space face.Space, dir string, rounds int, load func(*Import) error) ([]ImportRound, error) {
	var measured []ImportRound
	for n := range 1 + rounds {
		im, err := d.BeginImport(ctx, face.DefaultGallery, space)
		if err != nil {
			return nil, err
		}
		var r ImportRound
		if r.Import, err = timed(func() error { return load(im) }); err != nil {
			return nil, err
		}
		files := tableFiles{d, dir, im.id}
		if n == 0 {
			err = files.save(ctx)
		}
		if err = errors.Join(err, d.clear(ctx)); err != nil {
			return nil, err
		}
		if r.Copy, err = timed(func() error { return files.load(ctx) }); err != nil {
			return nil, err
		}
		if n > 0 {
			measured = append(measured, r)
		}
		if n == rounds {
			break
		}
		if err := d.clear(ctx); err != nil {
			return nil, err
		}
	}
	return measured, nil
}

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}

// clear empties the galleries.
func (d *DB) clear(ctx context.Context) error {
	_, err := d.pool.Exec(ctx, `TRUNCATE visage.galleries CASCADE`)
	return interpret("postgres.MeasureImport", err)
}

// tableFiles are the tables that an import fills, each as a file.
type tableFiles struct {
	db    *DB
	dir   string
	space int32
}

// each goes through the tables in the order in which they refer to each other.
func (f tableFiles) each(do func(table string, file string) error) error {
	for _, table := range []string{"galleries", "identities", "images", "faces", "image_spaces", partition(f.space)} {
		if err := do("visage."+table, filepath.Join(f.dir, table)); err != nil {
			return interpret("postgres.MeasureImport", err)
		}
	}
	return nil
}

func (f tableFiles) save(ctx context.Context) error {
	conn, err := f.db.pool.Acquire(ctx)
	if err != nil {
		return interpret("postgres.MeasureImport", err)
	}
	defer conn.Release()
	return f.each(func(table, name string) error {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		_, err = conn.Conn().PgConn().CopyTo(ctx, file, fmt.Sprintf(`COPY %s TO STDOUT (FORMAT binary)`, table))
		return errors.Join(err, file.Close())
	})
}

func (f tableFiles) load(ctx context.Context) error {
	conn, err := f.db.pool.Acquire(ctx)
	if err != nil {
		return interpret("postgres.MeasureImport", err)
	}
	defer conn.Release()
	return f.each(func(table, name string) error {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		_, err = conn.Conn().PgConn().CopyFrom(ctx, file, fmt.Sprintf(`COPY %s FROM STDIN (FORMAT binary)`, table))
		return errors.Join(err, file.Close())
	})
}
