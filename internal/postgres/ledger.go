package postgres

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// Known returns what the gallery remembers in one space of those photographs
// at the given paths of which the space knows something, by their path. A
// gallery or space that does not exist remembers nothing.
func (d *DB) Known(ctx context.Context, gallery string, space face.Space, paths []string) (map[string]face.LedgerEntry, error) {
	const query = `
		SELECT i.path_bytes, i.sha256, i.size, i.mtime, i.width, i.height, coalesce(p.name, ''), o.detector, coalesce(o.rejected, '')
		FROM visage.images i
		JOIN visage.image_spaces o ON o.image_id = i.id
		LEFT JOIN visage.identities p ON p.id = i.identity_id
		WHERE i.gallery_id = (SELECT id FROM visage.galleries WHERE name = $1)
		  AND o.space_id = (SELECT id FROM visage.spaces WHERE name = $2) AND sha256(i.path_bytes) = ANY($3)`
	rows, _ := d.pool.Query(ctx, query, face.Readable(gallery), space.Name(), pathKeys(paths))
	entries := map[string]face.LedgerEntry{}
	err := eachEntry(rows, func(e face.LedgerEntry) { entries[e.Image.Path] = e })
	return entries, interpret("postgres.Known", err)
}

// eachEntry reads rows of path, content, size, time, width, height, identity,
// detector and rejection.
func eachEntry(rows pgx.Rows, take func(face.LedgerEntry)) error {
	var e face.LedgerEntry
	var path, sum []byte
	var rejected string
	columns := []any{
		&path, &sum, &e.Image.Size, &e.Image.ModTime, &e.Image.Width, &e.Image.Height, &e.Image.Identity, &e.Detector, &rejected,
	}
	_, err := pgx.ForEachRow(rows, columns, func() error {
		e.Image.Path, e.Rejected = string(path), face.Code(rejected)
		copy(e.Image.SHA256[:], sum)
		take(e)
		return nil
	})
	return err
}

// Below hands on the paths at or below root, an absolute path, of which the
// gallery remembers something in one space, in any order, as they arrive. Where
// it fails, take has had some of them.
func (d *DB) Below(ctx context.Context, gallery string, space face.Space, root string, take func(path string)) error {
	const query = `
		SELECT i.path_bytes FROM visage.images i
		JOIN visage.image_spaces o ON o.image_id = i.id
		WHERE i.gallery_id = (SELECT id FROM visage.galleries WHERE name = $1)
		  AND o.space_id = (SELECT id FROM visage.spaces WHERE name = $2)
		  AND (i.path_bytes = $3 OR substring(i.path_bytes FROM 1 FOR length($4::bytea)) = $4)`
	below := strings.TrimSuffix(root, "/") + "/"
	rows, _ := d.pool.Query(ctx, query, face.Readable(gallery), space.Name(), []byte(root), []byte(below))
	var path []byte
	_, err := pgx.ForEachRow(rows, []any{&path}, func() error {
		take(string(path))
		return nil
	})
	return interpret("postgres.Below", err)
}

// Touch stores new sizes and modification times of photographs whose content
// is as the ledger has it. Others, and those that the gallery does not know,
// stay as they are.
func (d *DB) Touch(ctx context.Context, gallery string, images []face.Image) error {
	const query = `
		UPDATE visage.images i SET size = n.size, mtime = n.mtime
		FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::timestamptz[]) n (path, content, size, mtime)
		WHERE i.gallery_id = (SELECT id FROM visage.galleries WHERE name = $1)
		  AND sha256(i.path_bytes) = n.path AND i.sha256 = n.content`
	paths, contents := make([][]byte, len(images)), make([][]byte, len(images))
	sizes, times := make([]int64, len(images)), make([]time.Time, len(images))
	for i := range images {
		paths[i], contents[i] = pathKey(images[i].Path), images[i].SHA256[:]
		sizes[i], times[i] = images[i].Size, images[i].ModTime
	}
	return d.inTx(ctx, "postgres.Touch", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query, face.Readable(gallery), paths, contents, sizes, times)
		return err
	})
}

// Forget removes photographs, with their faces and templates in every space,
// from the gallery and returns how many of them it knew. Identities stay.
func (d *DB) Forget(ctx context.Context, gallery string, paths []string) (int, error) {
	const query = `
		DELETE FROM visage.images
		WHERE gallery_id = (SELECT id FROM visage.galleries WHERE name = $1) AND sha256(path_bytes) = ANY($2)`
	var removed int64
	err := d.inTx(ctx, "postgres.Forget", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, query, face.Readable(gallery), pathKeys(paths))
		removed = tag.RowsAffected()
		return err
	})
	return int(removed), err
}

// pathKey is what a path is known by in a gallery: its SHA-256, because an
// index takes no value as long as a path may be.
func pathKey(path string) []byte {
	sum := sha256.Sum256([]byte(path))
	return sum[:]
}

func pathKeys(paths []string) [][]byte {
	keys := make([][]byte, len(paths))
	for i, path := range paths {
		keys[i] = pathKey(path)
	}
	return keys
}
