package postgres

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// importedBox is where an imported face is said to be.
var importedBox = face.Box{X2: 1, Y2: 1}

// importing is a batch of ready templates on its way into one space of one
// gallery, in one transaction.
type importing struct {
	tx      pgx.Tx
	gallery pgtype.UUID
	space   int32
	rows    []*importRow // by path, each path once
	fresh   int          // how many of them the gallery did not know
}

type importRow struct {
	face.Record
	key         []byte // see pathKey
	image, face pgtype.UUID
	identity    pgtype.UUID // null for none
	fresh       bool        // its image's row was made by this transaction
}

// importRows puts the rows in the order in which every transaction takes images;
// of several with one path the first counts.
func importRows(batch []face.Record) []*importRow {
	rows := make([]*importRow, len(batch))
	for i, r := range batch {
		rows[i] = &importRow{Record: r, key: pathKey(r.Image)}
	}
	byKey := func(a, b *importRow) int { return bytes.Compare(a.key, b.key) }
	slices.SortStableFunc(rows, byKey)
	return slices.CompactFunc(rows, func(a, b *importRow) bool { return a.Image == b.Image })
}

// storeNew stores the rows whose images the gallery does not know. What belongs
// to an image that this transaction made can be in nobody's way, so that it is
// copied to where it stays.
func (b *importing) storeNew(ctx context.Context) error {
	if err := b.makeIdentities(ctx); err != nil {
		return err
	}
	if err := b.makeImages(ctx); err != nil {
		return err
	}
	var fresh []*importRow
	for _, row := range b.rows {
		if row.fresh {
			fresh = append(fresh, row)
		}
	}
	b.fresh = len(fresh)
	if b.fresh == 0 {
		return nil
	}
	for _, table := range []struct {
		name    string
		columns []string
		row     func(*importRow) []any
	}{
		{"faces", []string{"id", "gallery_id", "image_id", "identity_id", "detector", "confidence", "x1", "y1", "x2", "y2"}, b.faceRow},
		{"image_spaces", []string{"image_id", "space_id", "detector", "faces"}, b.outcomeRow},
		{"embeddings", []string{"space_id", "face_id", "gallery_id", "embedding"}, b.embeddingRow},
	} {
		rows := pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) { return table.row(fresh[i]), nil })
		if _, err := b.tx.CopyFrom(ctx, pgx.Identifier{"visage", table.name}, table.columns, rows); err != nil {
			return err
		}
	}
	return nil
}

func (b *importing) faceRow(r *importRow) []any {
	at := importedBox
	return []any{r.face, b.gallery, r.image, r.identity, ImportedBy, float32(1), at.X1, at.Y1, at.X2, at.Y2}
}

func (b *importing) outcomeRow(r *importRow) []any {
	return []any{r.image, b.space, ImportedBy, int32(1)}
}

func (b *importing) embeddingRow(r *importRow) []any {
	return []any{b.space, r.face, b.gallery, pgvector.NewVector(r.Vector)}
}

func (b *importing) makeIdentities(ctx context.Context) error {
	var names []string
	for _, row := range b.rows {
		if row.Identity != "" {
			names = append(names, face.Readable(row.Identity))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.SortFunc(names, strings.Compare)
	ids, err := ensureIdentities(ctx, b.tx, b.gallery, slices.Compact(names))
	for _, row := range b.rows {
		if row.Identity != "" {
			row.identity = ids[face.Readable(row.Identity)]
		}
	}
	return err
}

// makeImages makes the images' rows where there are none.
func (b *importing) makeImages(ctx context.Context) error {
	const insert = `
		INSERT INTO visage.images (id, gallery_id, identity_id, path, path_bytes, sha256, size, mtime, width, height)
		SELECT n.id, $1, n.identity, n.path, n.path_bytes, decode(repeat('00', 32), 'hex'), 0, 'epoch', 0, 0
		FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[]) AS n (id, identity, path, path_bytes)
		ON CONFLICT (gallery_id, sha256(path_bytes)) DO NOTHING
		RETURNING id`
	images, identities := make([]pgtype.UUID, len(b.rows)), make([]pgtype.UUID, len(b.rows))
	texts, paths := make([]string, len(b.rows)), make([][]byte, len(b.rows))
	byID := make(map[pgtype.UUID]*importRow, len(b.rows))
	for i, row := range b.rows {
		for _, id := range []*pgtype.UUID{&row.image, &row.face} {
			fresh, err := uuid.NewV7() // in the order of time, which keeps the indexes dense
			if err != nil {
				return err
			}
			*id = pgtype.UUID{Bytes: fresh, Valid: true}
		}
		byID[row.image] = row
		images[i], identities[i] = row.image, row.identity
		texts[i], paths[i] = face.Readable(row.Image), []byte(row.Image)
	}
	rows, _ := b.tx.Query(ctx, insert, b.gallery, images, identities, texts, paths)
	var id pgtype.UUID
	_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		byID[id].fresh = true
		return nil
	})
	return err
}

// knownImages are the images of rows that the gallery knew before and that have
// no template in the space, by path, without their identities.
func (b *importing) knownImages(ctx context.Context) (map[string]face.Image, error) {
	if b.fresh == len(b.rows) {
		return nil, nil
	}
	const query = `
		SELECT i.path_bytes, i.sha256, i.size, i.mtime, i.width, i.height, coalesce(o.rejected IS NULL AND o.faces > 0, false)
		FROM visage.images i LEFT JOIN visage.image_spaces o ON o.image_id = i.id AND o.space_id = $3
		WHERE i.gallery_id = $1 AND sha256(i.path_bytes) = ANY($2)`
	var keys [][]byte
	for _, row := range b.rows {
		if !row.fresh {
			keys = append(keys, row.key)
		}
	}
	rows, _ := b.tx.Query(ctx, query, b.gallery, keys, b.space)
	images := map[string]face.Image{}
	var path, content []byte
	var image face.Image
	var enrolled bool
	columns := []any{&path, &content, &image.Size, &image.ModTime, &image.Width, &image.Height, &enrolled}
	tag, err := pgx.ForEachRow(rows, columns, func() error {
		if !enrolled {
			image.Path = string(path)
			copy(image.SHA256[:], content)
			images[image.Path] = image
		}
		return nil
	})
	if err == nil && tag.RowsAffected() != int64(len(keys)) {
		err = errOvertaken
	}
	return images, err
}
