package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

const (
	// unseenPause is between two looks whether a transaction is seen.
	unseenPause = time.Millisecond
	// unseenMany is after how many transactions a look is taken that nobody waits for.
	unseenMany = 1_000
)

// complete gives templates the identities of their faces, and their vectors where they
// lack them: those of the transaction as it said, others as the database has them now.
// It may have changed them since; the stream will say so. A template without a vector
// that is gone by now is left out.
func (c *changes) complete(ctx context.Context, space int32, rows map[[16]byte]face.Enrolled) ([]face.Enrolled, error) {
	var faces, vectors [][16]byte
	for id, row := range rows {
		if _, known := c.fresh[id]; !known {
			faces = append(faces, id)
		}
		if row.Vector == nil {
			vectors = append(vectors, id)
		}
	}
	if len(faces)+len(vectors) > 0 {
		if err := c.awaitSeen(ctx); err != nil {
			return nil, err
		}
	}
	identities, err := c.db.identitiesOfFaces(ctx, faces)
	if err != nil {
		return nil, err
	}
	found, err := c.db.vectorsOfFaces(ctx, space, vectors)
	if err != nil {
		return nil, err
	}
	list := make([]face.Enrolled, 0, len(rows))
	for id, row := range rows {
		identity, known := c.fresh[id]
		if !known {
			identity = identities[id]
		}
		row.Identity = identity
		if row.Vector == nil {
			row.Vector = found[id]
		}
		if row.Vector != nil {
			list = append(list, row)
		}
	}
	return list, nil
}

// awaitSeen waits until what is looked up holds all that the server has sent.
func (r *following) awaitSeen(ctx context.Context) error {
	for {
		if err := r.look(ctx); err != nil || len(r.unseen) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(unseenPause):
		}
	}
}

// look forgets those of the unseen transactions that are seen by now.
func (r *following) look(ctx context.Context) error {
	if len(r.unseen) == 0 {
		return nil
	}
	var text string
	if err := r.db.pool.QueryRow(ctx, `SELECT pg_current_snapshot()::text`).Scan(&text); err != nil {
		return err
	}
	sees, err := readSnapshot(text)
	if err == nil {
		r.unseen = slices.DeleteFunc(r.unseen, sees)
	}
	return err
}

// readSnapshot reads a snapshot, written xmin:xmax:xip,xip (PostgreSQL manual 9.27.8),
// as what says of a transaction that was committed whether it is seen. Ids are compared
// by their low 32 bits, which those of one time do not share.
func readSnapshot(text string) (sees func(xid uint32) bool, err error) {
	var numbers []uint32
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ':' || r == ',' }) {
		id, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, uint32(id))
	}
	if len(numbers) < 2 {
		return nil, face.Errorf(face.Internal, "the snapshot %q is none", text)
	}
	next, running := numbers[1], numbers[2:]
	return func(xid uint32) bool { return int32(xid-next) < 0 && !slices.Contains(running, xid) }, nil
}

func (d *DB) identitiesOfFaces(ctx context.Context, faces [][16]byte) (map[[16]byte][16]byte, error) {
	const query = `SELECT id, identity_id FROM visage.faces WHERE id = ANY($1) AND identity_id IS NOT NULL`
	identities := map[[16]byte][16]byte{}
	if len(faces) == 0 {
		return identities, nil
	}
	var id, identity [16]byte
	rows, _ := d.pool.Query(ctx, query, uuids(faces))
	_, err := pgx.ForEachRow(rows, []any{&id, &identity}, func() error {
		identities[id] = identity
		return nil
	})
	return identities, err
}

func (d *DB) vectorsOfFaces(ctx context.Context, space int32, faces [][16]byte) (map[[16]byte][]float32, error) {
	const query = `SELECT face_id, embedding FROM visage.embeddings WHERE space_id = $1 AND face_id = ANY($2)`
	vectors := map[[16]byte][]float32{}
	if len(faces) == 0 {
		return vectors, nil
	}
	var id [16]byte
	var vector pgvector.Vector
	rows, _ := d.pool.Query(ctx, query, space, uuids(faces))
	_, err := pgx.ForEachRow(rows, []any{&id, &vector}, func() error {
		vectors[id] = vector.Slice()
		return nil
	})
	return vectors, err
}
