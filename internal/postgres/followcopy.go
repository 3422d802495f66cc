package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
)

const (
	// piece is how many templates a follower is told of at once, at most.
	piece = 2_000
	// pieceSize is how many components they have at most: 4 MiB.
	pieceSize = 1 << 20
)

// copyAll gives the follower all templates as they stand at the point from which a
// new slot goes on: making a slot exports the snapshot of that point, which lasts until
// the next command on its connection.
func (r *following) copyAll(ctx context.Context, conn *pgconn.PgConn, slot string) error {
	if err := errors.Join(r.db.dropSlot(ctx, slot), r.db.dropLost(ctx)); err != nil {
		return rightToFollow(err)
	}
	r.cfg.Logger.Info("all templates are copied, once the transactions under way on the server have ended")
	made, err := pglogrepl.CreateReplicationSlot(ctx, conn, slot, "pgoutput",
		pglogrepl.CreateReplicationSlotOptions{Mode: pglogrepl.LogicalReplication, SnapshotAction: "EXPORT_SNAPSHOT"})
	if err != nil {
		return rightToFollow(err)
	}
	point, err := pglogrepl.ParseLSN(made.ConsistentPoint)
	if err != nil {
		return err
	}
	settings := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, r.db.pool, settings, func(tx pgx.Tx) error {
		// A snapshot's name has digits and dashes only.
		if _, err := tx.Exec(ctx, fmt.Sprintf(`SET TRANSACTION SNAPSHOT '%s'`, made.SnapshotName)); err != nil {
			return err
		}
		return r.copySnapshot(ctx, tx)
	})
	if err != nil {
		return err
	}
	return r.reach(ctx, face.Position(point))
}

// copySnapshot gives the follower what a transaction sees.
func (r *following) copySnapshot(ctx context.Context, tx pgx.Tx) error {
	const query = `SELECT id, recognizer, weights, profile, detector, dim, unit FROM visage.spaces`
	spaces := map[int32]face.Space{}
	var id int32
	var s face.Space
	rows, _ := tx.Query(ctx, query)
	if _, err := pgx.ForEachRow(rows, []any{&id, &s.Recognizer, &s.Weights, &s.Profile, &s.Detector, &s.Dim, &s.Unit}, func() error {
		spaces[id] = s
		return nil
	}); err != nil {
		return err
	}
	if err := r.told(r.follower.Begin(ctx, spaces)); err != nil {
		return err
	}
	for id, space := range spaces {
		if err := r.copySpace(ctx, tx, id, space.Dim); err != nil {
			return err
		}
	}
	return nil
}

// copySpace gives the follower the templates of a space, by COPY in binary form.
func (r *following) copySpace(ctx context.Context, tx pgx.Tx, space int32, dim int) error {
	query := fmt.Sprintf(`
		COPY (SELECT e.face_id, e.gallery_id, f.identity_id, e.embedding
		      FROM visage.%s e JOIN visage.faces f ON f.id = e.face_id) TO STDOUT (FORMAT binary)`, partition(space))
	from, to := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		_, err := tx.Conn().PgConn().CopyTo(ctx, to, query)
		to.CloseWithError(err) // nil is the end
		sent <- err
	}()
	err := readCopy(from, dim, func(rows []face.Enrolled) error { return r.told(r.follower.Put(ctx, space, rows)) })
	from.CloseWithError(err)
	return errors.Join(err, <-sent)
}

// told marks an error as the follower's own.
func (r *following) told(err error) error {
	if err != nil {
		return followerError{err}
	}
	return nil
}

// reach tells the follower, and remembers, that everything up to a position was told.
func (r *following) reach(ctx context.Context, at face.Position) error {
	if err := r.told(r.follower.Reached(ctx, at)); err != nil {
		return err
	}
	r.reached = at
	return nil
}
