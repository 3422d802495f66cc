package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/visagedb/visage/internal/face"
)

const (
	// pingEvery is how often the server is told how far the copy is, and asked how far
	// it is itself: so old is at most what the follower knows of an idle database.
	pingEvery = time.Second
	// silence is how long the server may leave a ping unanswered before the connection
	// counts as dead. It is PostgreSQL's own wal_sender_timeout: a server decodes a
	// large transaction for long without a word.
	silence = time.Minute
	// partingLimit bounds the last words to the server.
	partingLimit = 2 * time.Second
)

// stream is a connection on which the server sends changes.
type stream struct {
	*following
	conn    *pgconn.PgConn
	pinged  time.Time // when the server was last told how far the copy is
	heard   time.Time // when the server last sent something
	changes *changes
}

// stream tells the follower of changes, from where it stands, until the connection
// breaks.
func (r *following) stream(ctx context.Context, conn *pgconn.PgConn, slot string) error {
	// Version 1 of the protocol sends a transaction after its commit, as a whole.
	err := pglogrepl.StartReplication(ctx, conn, slot, pglogrepl.LSN(r.reached), pglogrepl.StartReplicationOptions{
		Mode: pglogrepl.LogicalReplication,
		PluginArgs: []string{
			"proto_version '1'", "binary 'true'", "publication_names '" + templatesPublication + "," + facesPublication + "'",
		},
	})
	if err != nil {
		return cannotGoOn(err)
	}
	s := &stream{following: r, conn: conn, heard: time.Now()}
	s.changes = newChanges(r)
	err = s.follow(ctx)
	if ctx.Err() != nil {
		parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingLimit)
		defer cancel()
		return errors.Join(err, s.ping(parting))
	}
	return cannotGoOn(err)
}

// cannotGoOn makes errBeginAnew of the refusals after which a slot is of no use: it or
// a publication is gone (42704), it was given up (55000), its log is gone (58P01).
func cannotGoOn(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42704" || refused.Code == "55000" || refused.Code == "58P01") {
		return errors.Join(errBeginAnew, err)
	}
	return err
}

func (s *stream) follow(ctx context.Context) error {
	for {
		if time.Since(s.pinged) >= pingEvery {
			if err := s.ping(ctx); err != nil {
				return err
			}
		}
		message, err := s.receive(ctx)
		switch {
		case err != nil:
			return err
		case message == nil && time.Since(s.heard) > silence:
			return fmt.Errorf("the server has been silent for %s", silence)
		case message == nil:
			continue
		}
		s.heard = time.Now()
		if err := s.take(ctx, message); err != nil {
			return err
		}
	}
}

// receive waits for a message until it is time for the next ping; nil is none.
func (s *stream) receive(ctx context.Context) (pgproto3.BackendMessage, error) {
	waiting, cancel := context.WithDeadline(ctx, s.pinged.Add(pingEvery))
	defer cancel()
	message, err := s.conn.ReceiveMessage(waiting)
	if err != nil && pgconn.Timeout(err) && ctx.Err() == nil {
		return nil, nil
	}
	return message, err
}

// ping tells the server how far the copy is, and asks for an answer.
func (s *stream) ping(ctx context.Context) error {
	s.pinged = time.Now()
	return pglogrepl.SendStandbyStatusUpdate(ctx, s.conn, pglogrepl.StandbyStatusUpdate{
		WALWritePosition: pglogrepl.LSN(s.reached), ReplyRequested: true,
	})
}

// take does what a message asks for.
func (s *stream) take(ctx context.Context, message pgproto3.BackendMessage) error {
	switch m := message.(type) {
	case *pgproto3.ErrorResponse:
		return pgconn.ErrorResponseToPgError(m)
	case *pgproto3.CopyDone:
		return errors.New("the server has ended the stream")
	case *pgproto3.CopyData:
		switch m.Data[0] {
		case pglogrepl.PrimaryKeepaliveMessageByteID:
			return s.keepalive(ctx, m.Data[1:])
		case pglogrepl.XLogDataByteID:
			data, err := pglogrepl.ParseXLogData(m.Data[1:])
			if err != nil {
				return err
			}
			change, err := pglogrepl.Parse(data.WALData)
			if err != nil {
				return err
			}
			return s.changes.take(ctx, change)
		}
	}
	return nil
}

// keepalive is the server's word that it has sent everything up to a position; in the
// middle of a transaction that says nothing new.
func (s *stream) keepalive(ctx context.Context, data []byte) error {
	alive, err := pglogrepl.ParsePrimaryKeepaliveMessage(data)
	if err != nil {
		return err
	}
	if at := face.Position(alive.ServerWALEnd); !s.changes.open && at >= s.reached {
		if err := s.reach(ctx, at); err != nil {
			return err
		}
	}
	if alive.ReplyRequested {
		return s.ping(ctx)
	}
	return nil
}

// closeReplication ends a connection; one that is broken already is no error.
func closeReplication(ctx context.Context, conn *pgconn.PgConn) {
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingLimit)
	defer cancel()
	_ = conn.Close(parting)
}
