package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// enrolling is a batch on its way into one space of one gallery, in one
// transaction.
type enrolling struct {
	tx      pgx.Tx
	gallery pgtype.UUID
	space   int32
	rows    []*enrolRow // by path, each path once
}

// enrolRow is one photograph's enrolment and what the ledger says of it.
type enrolRow struct {
	face.Enrolment
	key      []byte      // see pathKey
	identity pgtype.UUID // the ledger's, or else the folder's; null for none
	image    pgtype.UUID
	content  [sha256.Size]byte // the ledger's
	enrolled bool              // the ledger has templates of its content in the space
	named    bool              // this run gives the photograph its identity
}

// rowsOf sorts enrolments by path; of several with one path the last counts.
func rowsOf(batch []face.Enrolment) []*enrolRow {
	byPath := make(map[string]*enrolRow, len(batch))
	for _, e := range batch {
		byPath[e.Image.Path] = &enrolRow{Enrolment: e, key: pathKey(e.Image.Path)}
	}
	rows := make([]*enrolRow, 0, len(byPath))
	for _, row := range byPath {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b *enrolRow) int { return bytes.Compare(a.key, b.key) })
	return rows
}

// replaced says whether the path had another content before.
func (r *enrolRow) replaced() bool { return r.content != r.Image.SHA256 }

// settled says whether the outcome stands in the ledger already.
func (r *enrolRow) settled() bool { return r.enrolled && !r.replaced() }

// needsIdentity says whether the photograph has an identity by its folder and
// none in the ledger.
func (r *enrolRow) needsIdentity() bool { return !r.identity.Valid && r.Image.Identity != "" }

// store writes the batch. Every run takes the images' rows in the same order
// and holds them to its end, so that of two runs on the same photographs the
// second sees what the first did.
func (b *enrolling) store(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		b.lockImages, b.makeIdentities, b.readOutcomes, b.writeImages, b.dropReplaced, b.writeFaces, b.writeOutcomes,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// makeIdentities sees to the identities of photographs that have none yet. One
// that has an identity keeps it, so that renaming and merging identities
// outlasts the next ingest.
func (b *enrolling) makeIdentities(ctx context.Context) error {
	var names []string
	for _, row := range b.rows {
		if row.needsIdentity() {
			names = append(names, face.Readable(row.Image.Identity))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	ids, err := ensureIdentities(ctx, b.tx, b.gallery, slices.Compact(names))
	if err != nil {
		return err
	}
	for _, row := range b.rows {
		if row.needsIdentity() {
			row.identity, row.named = ids[face.Readable(row.Image.Identity)], true
		}
	}
	return nil
}

// lockImages makes the images' rows where need be, takes them all and reads
// what content they have.
func (b *enrolling) lockImages(ctx context.Context) error {
	const insert = `
		INSERT INTO visage.images (gallery_id, path, path_bytes, sha256, size, mtime, width, height)
		SELECT $1, n.* FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::timestamptz[], $7::int[], $8::int[])
		     AS n (path, path_bytes, content, size, mtime, width, height)
		ORDER BY sha256(n.path_bytes)
		ON CONFLICT (gallery_id, sha256(path_bytes)) DO NOTHING`
	const lock = `
		SELECT id, path_bytes, sha256, identity_id FROM visage.images
		WHERE gallery_id = $1 AND sha256(path_bytes) = ANY($2) ORDER BY sha256(path_bytes) FOR NO KEY UPDATE`
	c := b.columns(b.rows)
	var pending pgx.Batch
	pending.Queue(insert, b.gallery, c.texts, c.paths, c.contents, c.sizes, c.times, c.widths, c.heights)
	pending.Queue(lock, b.gallery, c.keys).Query(b.takeImages)
	return b.tx.SendBatch(ctx, &pending).Close()
}

func (b *enrolling) takeImages(rows pgx.Rows) error {
	byPath := make(map[string]*enrolRow, len(b.rows))
	for _, row := range b.rows {
		byPath[row.Image.Path] = row
	}
	var id, identity pgtype.UUID
	var path, content []byte
	tag, err := pgx.ForEachRow(rows, []any{&id, &path, &content, &identity}, func() error {
		row := byPath[string(path)]
		row.image, row.content, row.identity = id, [sha256.Size]byte(content), identity
		return nil
	})
	if err == nil && tag.RowsAffected() != int64(len(b.rows)) {
		err = errOvertaken
	}
	return err
}

// readOutcomes asks what became of the images in this space. It is a statement
// of its own, after the lock, so that it sees what another run committed
// while this one waited.
func (b *enrolling) readOutcomes(ctx context.Context) error {
	const query = `SELECT image_id FROM visage.image_spaces WHERE space_id = $1 AND image_id = ANY($2) AND rejected IS NULL`
	rows, _ := b.tx.Query(ctx, query, b.space, b.columns(b.rows).images)
	done := map[pgtype.UUID]bool{}
	var image pgtype.UUID
	_, err := pgx.ForEachRow(rows, []any{&image}, func() error {
		done[image] = true
		return nil
	})
	for _, row := range b.rows {
		row.enrolled = done[row.image]
	}
	return err
}
