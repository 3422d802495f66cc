package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// DiskUse is what the templates of a space take on disk, in bytes.
type DiskUse struct {
	Templates int64
	Tables    int64 // with what is kept out of line
	Keys      int64 // the indexes that are not HNSW
	Index     int64 // HNSW
}

// Total is the sum.
func (u DiskUse) Total() int64 { return u.Tables + u.Keys + u.Index }

// ourTables are those in which a template has a row, but for the space's own.
const ourTables = `'visage.images', 'visage.faces', 'visage.image_spaces'`

// theirTable is that of DeepFace's pgvector backend (serengil/deepface v0.0.100,
// deepface/modules/database/pgvector.py), with its index, but without the pixels
// of the face that it keeps in each row.
const theirTable = `
	CREATE TABLE public.deepface_embeddings (
		id SERIAL PRIMARY KEY, img_name TEXT, face BYTEA, face_shape INT[], model_name TEXT, detector_backend TEXT,
		aligned BOOLEAN, l2_normalized BOOLEAN, embedding VECTOR(%d), created_at TIMESTAMPTZ DEFAULT now(),
		face_hash TEXT, embedding_hash TEXT, UNIQUE (face_hash, embedding_hash))`

// MeasureDiskUse is what the templates of a space take, with all rows and indexes
// that belong to them, and what they would take in DeepFace's table, which it fills
// with them. The database must be a scratch one, that has nothing but this space.
func (d *DB) MeasureDiskUse(ctx context.Context, space face.Space) (ours, theirs DiskUse, err error) {
	err = d.inTx(ctx, "postgres.MeasureDiskUse", func(tx pgx.Tx) error {
		var id int32
		if err := tx.QueryRow(ctx, `SELECT id FROM visage.spaces WHERE name = $1`, space.Name()).Scan(&id); err != nil {
			return err
		}
		if err := buildIndex(ctx, tx, id, space.Dim); err != nil {
			return err
		}
		for _, statement := range []string{
			fmt.Sprintf(theirTable, space.Dim),
			`INSERT INTO public.deepface_embeddings (img_name, face_shape, model_name, detector_backend, aligned, l2_normalized, embedding, face_hash, embedding_hash)
			 SELECT image, '{112,112,3}', 'ArcFace', 'retinaface', true, true, embedding, encode(sha256(image::bytea), 'hex'), encode(sha256(face_id::text::bytea), 'hex')
			 FROM visage.gallery_faces`,
			`CREATE INDEX ON public.deepface_embeddings USING hnsw (embedding vector_cosine_ops)`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		if ours, err = diskUse(ctx, tx, fmt.Sprintf(`%s, 'visage.%s'`, ourTables, partition(id))); err != nil {
			return err
		}
		theirs, err = diskUse(ctx, tx, `'public.deepface_embeddings'`)
		return err
	})
	ours.Templates = theirs.Templates
	return ours, theirs, err
}

// diskUse adds up tables.
func diskUse(ctx context.Context, tx pgx.Tx, tables string) (u DiskUse, err error) {
	query := fmt.Sprintf(`
		SELECT (SELECT count(*) FROM public.deepface_embeddings), sum(pg_table_size(t.oid)), sum(pg_indexes_size(t.oid) - h.bytes), sum(h.bytes)
		FROM unnest(ARRAY[%s]::regclass[]) AS t (oid)
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(pg_relation_size(c.oid)), 0) AS bytes
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			WHERE i.indrelid = t.oid AND a.amname = 'hnsw') h`, tables)
	err = tx.QueryRow(ctx, query).Scan(&u.Templates, &u.Tables, &u.Keys, &u.Index)
	return u, err
}
