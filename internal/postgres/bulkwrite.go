package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// importedBox is where an imported face is said to be.
var importedBox = face.Box{X2: 1, Y2: 1}

// importing is a batch of ready templates on its way into one space of one
// gallery, in one transaction.
type importing struct {
	tx         pgx.Tx
	gallery    pgtype.UUID
	space      int32
	identities map[string]pgtype.UUID
}

// importRow is a template whose image the gallery does not know.
type importRow struct {
	face.Record
	key                   []byte // see pathKey
	image, face, identity pgtype.UUID
}

// importRows puts the rows in the order in which every transaction takes images;
// of several with one path the first counts.
func importRows(batch []face.Record) []*importRow {
	rows := make([]*importRow, len(batch))
	for i, r := range batch {
		rows[i] = &importRow{Record: r, key: pathKey(r.Image)}
	}
	slices.SortStableFunc(rows, func(a, b *importRow) int { return bytes.Compare(a.key, b.key) })
	return slices.CompactFunc(rows, func(a, b *importRow) bool { return a.Image == b.Image })
}

// identify gives rows their ids, in the order of time, which keeps the indexes
// dense, and those of their identities.
func (b *importing) identify(rows []*importRow) error {
	for _, row := range rows {
		for _, id := range []*pgtype.UUID{&row.image, &row.face} {
			fresh, err := uuid.NewV7()
			if err != nil {
				return err
			}
			*id = pgtype.UUID{Bytes: fresh, Valid: true}
		}
		if row.Identity != "" {
			row.identity = b.identities[face.Readable(row.Identity)]
		}
	}
	return nil
}

// copyNew stores rows whose images the gallery does not know, by COPY to where
// they stay. Where another transaction was faster with one of the images, it
// fails with errOvertaken: the next attempt finds it known.
func (b *importing) copyNew(ctx context.Context, rows []*importRow) error {
	if err := b.identify(rows); err != nil || len(rows) == 0 {
		return err
	}
	for _, table := range []struct {
		name    string
		columns []string
		row     func(*importRow) []any
	}{
		{
			"images",
			[]string{"id", "gallery_id", "identity_id", "path", "path_bytes", "sha256", "size", "mtime", "width", "height"},
			b.imageRow,
		},
		{
			"faces",
			[]string{"id", "gallery_id", "image_id", "identity_id", "detector", "confidence", "x1", "y1", "x2", "y2"},
			b.faceRow,
		},
		{"image_spaces", []string{"image_id", "space_id", "detector", "faces"}, b.outcomeRow},
		{partition(b.space), []string{"space_id", "face_id", "gallery_id", "embedding"}, b.embeddingRow},
	} {
		source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return table.row(rows[i]), nil })
		if _, err := b.tx.CopyFrom(ctx, pgx.Identifier{"visage", table.name}, table.columns, source); err != nil {
			return overtaken(err)
		}
	}
	return nil
}

// overtaken tells of an image that another transaction made meanwhile.
func overtaken(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.ConstraintName == "images_gallery_id_path_key" {
		return errOvertaken
	}
	return err
}

// partition is the table of a space's templates.
func partition(space int32) string { return fmt.Sprintf("embeddings_%d", space) }

func (b *importing) imageRow(r *importRow) []any {
	return []any{
		r.image, b.gallery, r.identity, face.Readable(r.Image), []byte(r.Image), make([]byte, 32), int64(0), time.Unix(0, 0), int32(0), int32(0),
	}
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

// knownImage is an image that a gallery has, without its identity, and whether
// it has templates in the space.
type knownImage struct {
	face.Image
	enrolled bool
}

// known are those of the rows' images that the gallery has, by path.
func (b *importing) known(ctx context.Context, rows []*importRow) (map[string]knownImage, error) {
	const query = `
		SELECT i.path_bytes, i.sha256, i.size, i.mtime, i.width, i.height, coalesce(o.rejected IS NULL AND o.faces > 0, false)
		FROM visage.images i LEFT JOIN visage.image_spaces o ON o.image_id = i.id AND o.space_id = $3
		WHERE i.gallery_id = $1 AND sha256(i.path_bytes) = ANY($2)`
	keys := make([][]byte, len(rows))
	for i, row := range rows {
		keys[i] = row.key
	}
	found, _ := b.tx.Query(ctx, query, b.gallery, keys, b.space)
	images := map[string]knownImage{}
	var path, content []byte
	var k knownImage
	_, err := pgx.ForEachRow(found, []any{&path, &content, &k.Size, &k.ModTime, &k.Width, &k.Height, &k.enrolled}, func() error {
		k.Path = string(path)
		copy(k.SHA256[:], content)
		images[k.Path] = k
		return nil
	})
	return images, err
}

// addKnown stores templates of images that the gallery has, from another space
// or from an attempt that gave none, as an ingest would. It returns how many the
// space had not, for another transaction may have been faster.
func (b *importing) addKnown(ctx context.Context, batch []face.Enrolment) (added int, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	same := &enrolling{tx: b.tx, gallery: b.gallery, space: b.space, rows: rowsOf(batch)}
	if err := same.store(ctx); err != nil {
		return 0, err
	}
	for _, row := range same.rows {
		if row.replaced() {
			return 0, errOvertaken // an ingest gave it another content meanwhile
		}
		if !row.settled() {
			added++
		}
	}
	return added, nil
}
