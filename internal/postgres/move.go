package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// Move gives photographs new paths and, where the move says so, the identity of
// their new place; their faces and templates in every space go with them. A
// photograph that has another content by now, or that is no longer there, and
// one whose new path the gallery knows already, stay as they are. It says for
// each move whether it was made.
func (d *DB) Move(ctx context.Context, gallery string, moves []face.Move) ([]bool, error) {
	var done []bool
	err := d.inTx(ctx, "postgres.Move", func(tx pgx.Tx) error {
		galleryID, err := ensureGallery(ctx, tx, gallery)
		if err != nil {
			return err
		}
		done, err = move(ctx, tx, galleryID, moves)
		return err
	})
	return done, err
}

func move(ctx context.Context, tx pgx.Tx, gallery pgtype.UUID, moves []face.Move) ([]bool, error) {
	const images = `
		UPDATE visage.images i SET path = n.text, path_bytes = n.path, size = n.size, mtime = n.mtime,
		       metadata = coalesce(n.metadata::jsonb, i.metadata),
		       identity_id = CASE WHEN n.keep THEN i.identity_id ELSE n.identity END
		FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::bigint[], $7::timestamptz[], $8::bool[], $9::uuid[], $10::text[])
		     AS n (source, content, text, path, size, mtime, keep, identity, metadata)
		WHERE i.gallery_id = $1 AND sha256(i.path_bytes) = n.source AND i.sha256 = n.content AND NOT EXISTS (
		      SELECT FROM visage.images t WHERE t.gallery_id = $1 AND sha256(t.path_bytes) = sha256(n.path))
		RETURNING i.id, i.path_bytes`
	const faces = `
		UPDATE visage.faces f SET identity_id = i.identity_id FROM visage.images i
		WHERE i.id = ANY($1) AND f.image_id = i.id AND f.identity_id IS DISTINCT FROM i.identity_id`
	identities, err := identitiesOf(ctx, tx, gallery, moves)
	if err != nil {
		return nil, err
	}
	sources, contents, texts, paths := make([][]byte, len(moves)), make([][]byte, len(moves)), make([]string, len(moves)), make([][]byte, len(moves))
	sizes, times, keep, whose := make([]int64, len(moves)), make([]time.Time, len(moves)), make([]bool, len(moves)), make([]pgtype.UUID, len(moves))
	metadata := make([]*string, len(moves))
	for i := range moves {
		to := &moves[i].To
		sources[i], contents[i], texts[i], paths[i] = pathKey(moves[i].From), to.SHA256[:], face.Readable(to.Path), []byte(to.Path)
		sizes[i], times[i], keep[i], whose[i] = to.Size, to.ModTime, moves[i].Keep, identities[face.Readable(to.Identity)]
		metadata[i] = nonEmpty(to.Metadata)
	}
	rows, _ := tx.Query(ctx, images, gallery, sources, contents, texts, paths, sizes, times, keep, whose, metadata)
	var moved []pgtype.UUID
	there := map[string]bool{}
	var id pgtype.UUID
	var path []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &path}, func() error {
		moved, there[string(path)] = append(moved, id), true
		return nil
	})
	if takenMeanwhile(err) {
		return nil, errOvertaken
	}
	if err != nil {
		return nil, err
	}
	done := make([]bool, len(moves))
	for i := range moves {
		done[i] = there[moves[i].To.Path]
	}
	_, err = tx.Exec(ctx, faces, moved)
	return done, err
}

// identitiesOf sees to the identities of the photographs' new places.
func identitiesOf(ctx context.Context, tx pgx.Tx, gallery pgtype.UUID, moves []face.Move) (map[string]pgtype.UUID, error) {
	var names []string
	for _, m := range moves {
		if !m.Keep && m.To.Identity != "" {
			names = append(names, face.Readable(m.To.Identity))
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	return ensureIdentities(ctx, tx, gallery, slices.Compact(names))
}

// takenMeanwhile says whether another transaction has put a photograph where
// one was to be moved.
func takenMeanwhile(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.ConstraintName == "images_gallery_id_path_key"
}
