package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// imageColumns are photographs as the arrays that unnest takes.
type imageColumns struct {
	images, identities    []pgtype.UUID
	texts                 []string
	paths, keys, contents [][]byte
	sizes                 []int64
	times                 []time.Time
	widths, heights       []int
	metadata              []*string // null for none
}

func (b *enrolling) columns(rows []*enrolRow) imageColumns {
	var c imageColumns
	for _, row := range rows {
		c.images = append(c.images, row.image)
		c.identities = append(c.identities, row.identity)
		c.texts = append(c.texts, face.Readable(row.Image.Path))
		c.paths = append(c.paths, []byte(row.Image.Path))
		c.keys = append(c.keys, row.key)
		c.contents = append(c.contents, row.Image.SHA256[:])
		c.sizes = append(c.sizes, row.Image.Size)
		c.times = append(c.times, row.Image.ModTime)
		c.widths = append(c.widths, row.Image.Width)
		c.heights = append(c.heights, row.Image.Height)
		c.metadata = append(c.metadata, nonEmpty(row.Image.Metadata))
	}
	return c
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// writeImages brings the images' rows up to date. The faces of those that get an
// identity now get it too; others may have been moved to people of their own.
func (b *enrolling) writeImages(ctx context.Context) error {
	const images = `
		UPDATE visage.images i SET identity_id = n.identity, sha256 = n.content, size = n.size, mtime = n.mtime,
		       width = CASE WHEN i.sha256 = n.content THEN greatest(i.width, n.width) ELSE n.width END,
		       height = CASE WHEN i.sha256 = n.content THEN greatest(i.height, n.height) ELSE n.height END,
		       metadata = coalesce(n.metadata::jsonb, i.metadata)
		FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bigint[], $5::timestamptz[], $6::int[], $7::int[], $8::text[])
		     AS n (id, identity, content, size, mtime, width, height, metadata)
		WHERE i.id = n.id AND (i.identity_id, i.sha256, i.size, i.mtime, i.width, i.height, i.metadata) IS DISTINCT FROM
		      (n.identity, n.content, n.size, n.mtime, n.width, n.height, coalesce(n.metadata::jsonb, i.metadata))`
	const faces = `
		UPDATE visage.faces f SET identity_id = i.identity_id FROM visage.images i
		WHERE i.id = ANY($1) AND f.image_id = i.id AND f.identity_id IS DISTINCT FROM i.identity_id`
	c := b.columns(b.rows)
	var named []pgtype.UUID
	for _, row := range b.rows {
		if row.named {
			named = append(named, row.image)
		}
	}
	var pending pgx.Batch
	pending.Queue(images, c.images, c.identities, c.contents, c.sizes, c.times, c.widths, c.heights, c.metadata)
	pending.Queue(faces, named)
	return b.tx.SendBatch(ctx, &pending).Close()
}

// dropReplaced removes what a former content of the images gave.
func (b *enrolling) dropReplaced(ctx context.Context) error {
	var replaced []pgtype.UUID
	for _, row := range b.rows {
		if row.replaced() {
			replaced = append(replaced, row.image)
		}
	}
	if len(replaced) == 0 {
		return nil
	}
	var pending pgx.Batch
	pending.Queue(`DELETE FROM visage.faces WHERE image_id = ANY($1)`, replaced)
	pending.Queue(`DELETE FROM visage.image_spaces WHERE image_id = ANY($1)`, replaced)
	return b.tx.SendBatch(ctx, &pending).Close()
}

// place is where a detector found a face.
type place struct {
	image    pgtype.UUID
	detector string
	box      face.Box
}

// writeFaces stores the templates of the enrolments that are not settled, with
// COPY. A face that another space has at the same place is shared. Two
// templates of one place are one face; the first counts.
func (b *enrolling) writeFaces(ctx context.Context) error {
	known, err := b.knownFaces(ctx)
	if err != nil {
		return err
	}
	var faces, embeddings [][]any
	said := estimates{}
	for _, row := range b.rows {
		if row.settled() {
			continue
		}
		taken := map[place]bool{}
		for _, t := range row.Templates {
			at := place{row.image, row.Detector, t.Detection.Box}
			if taken[at] {
				continue
			}
			taken[at] = true
			id, shared := known[at]
			if !shared {
				fresh, err := uuid.NewV7() // in the order of time, which keeps the indexes dense
				if err != nil {
					return err
				}
				id = pgtype.UUID{Bytes: fresh, Valid: true}
				columns, err := b.faceColumns(id, row, t)
				if err != nil {
					return err
				}
				faces = append(faces, columns)
			} else if err := said.add(id, t.Attributes); err != nil {
				return err
			}
			embeddings = append(embeddings, []any{b.space, id, b.gallery, pgvector.NewVector(t.Vector)})
		}
	}
	faceNames := []string{
		"id", "gallery_id", "image_id", "identity_id", "detector", "confidence", "x1", "y1", "x2", "y2", "landmarks", "attributes",
	}
	if err := b.copyIn(ctx, "faces", faceNames, faces); err != nil {
		return err
	}
	if err := said.store(ctx, b.tx); err != nil {
		return err
	}
	return b.copyIn(ctx, "embeddings", []string{"space_id", "face_id", "gallery_id", "embedding"}, embeddings)
}

func (b *enrolling) faceColumns(id pgtype.UUID, row *enrolRow, t face.Template) ([]any, error) {
	found := t.Detection
	landmarks := make([]float32, 0, 2*len(found.Landmarks))
	for _, p := range found.Landmarks {
		landmarks = append(landmarks, p.X, p.Y)
	}
	box := found.Box
	attributes, err := attributesText(t.Attributes)
	return []any{
		id, b.gallery, row.image, row.identity, row.Detector, found.Confidence, box.X1, box.Y1, box.X2, box.Y2, landmarks, attributes,
	}, err
}

func (b *enrolling) copyIn(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := b.tx.CopyFrom(ctx, pgx.Identifier{"visage", table}, columns, pgx.CopyFromRows(rows))
	return err
}

// knownFaces are the faces that the images have by now.
func (b *enrolling) knownFaces(ctx context.Context) (map[place]pgtype.UUID, error) {
	const query = `SELECT id, image_id, detector, x1, y1, x2, y2 FROM visage.faces WHERE image_id = ANY($1)`
	rows, _ := b.tx.Query(ctx, query, b.columns(b.rows).images)
	known := map[place]pgtype.UUID{}
	var id pgtype.UUID
	var at place
	columns := []any{&id, &at.image, &at.detector, &at.box.X1, &at.box.Y1, &at.box.X2, &at.box.Y2}
	_, err := pgx.ForEachRow(rows, columns, func() error {
		known[at] = id
		return nil
	})
	return known, err
}

// writeOutcomes notes what became of each photograph.
func (b *enrolling) writeOutcomes(ctx context.Context) error {
	const query = `
		INSERT INTO visage.image_spaces (image_id, space_id, detector, rejected, faces)
		SELECT n.image, $1, n.detector, nullif(n.rejected, ''), count(e.face_id)
		FROM unnest($2::uuid[], $3::text[], $4::text[]) AS n (image, detector, rejected)
		LEFT JOIN visage.faces f ON f.image_id = n.image
		LEFT JOIN visage.embeddings e ON e.space_id = $1 AND e.face_id = f.id
		GROUP BY n.image, n.detector, n.rejected
		ON CONFLICT (image_id, space_id) DO UPDATE
		SET detector = EXCLUDED.detector, rejected = EXCLUDED.rejected, faces = EXCLUDED.faces, at = EXCLUDED.at`
	var images []pgtype.UUID
	var detectors, rejected []string
	for _, row := range b.rows {
		if !row.settled() {
			images = append(images, row.image)
			detectors = append(detectors, row.Detector)
			rejected = append(rejected, string(row.Rejected))
		}
	}
	if len(images) == 0 {
		return nil
	}
	_, err := b.tx.Exec(ctx, query, b.space, images, detectors, rejected)
	return err
}
