package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/visagedb/visage/internal/face"
)

// interpret gives an error of the database its meaning for the caller: the
// one place where SQLSTATEs and constraint names become codes. It leaves a
// *face.Error as it is and returns nil for nil.
func interpret(op string, err error) error {
	var told *face.Error
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case errors.As(err, &refused):
		code, message := meaning(refused)
		return &face.Error{Code: code, Op: op, Message: message, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !unconnected(err):
		return &face.Error{Code: face.Cancelled, Op: op, Message: "the database was not waited for", Err: err}
	case errors.Is(err, errOvertaken):
		return &face.Error{Code: face.Unavailable, Op: op, Message: contended, Err: err}
	case unconnected(err), lost(err):
		return &face.Error{Code: face.Unavailable, Op: op, Message: "the database does not answer", Err: err}
	default:
		return &face.Error{Code: face.Internal, Op: op, Message: "unexpected answer of the database", Err: err}
	}
}

// contended is the message for a transaction that lost too often.
const contended = "others are changing the same rows: try again"

// undefinedFunction says whether a statement names a function that is not there.
func undefinedFunction(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "42883"
}

// Unreached says whom a connection was tried to and why there is none; empty for other
// errors. It is for those who run the program, not for those who call it over HTTP: it
// names hosts.
func Unreached(err error) string {
	var connecting *pgconn.ConnectError
	if !errors.As(err, &connecting) {
		return ""
	}
	lines := strings.Split(connecting.Error(), "\n") // one for each attempt
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(slices.Compact(lines), " ")
}

// unconnected says whether no connection could be made.
func unconnected(err error) bool {
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting)
}

// lost says whether a connection broke or the pool is closed.
func lost(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err)
}

// meaning is the code and the message of an error that the server sent.
func meaning(e *pgconn.PgError) (face.Code, string) {
	if code, message, ok := constraintMeaning(e); ok {
		return code, message
	}
	switch e.Code {
	case "22000": // data_exception: pgvector on vectors of different dimensions
		return face.Mismatch, said(e)
	case "P0002": // no_data_found, of our own functions
		return face.NotFound, said(e)
	case "57014": // query_canceled
		return face.Cancelled, "the query was cancelled"
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return face.Unavailable, contended
	case "42P01", "3F000", "42883", "42703": // undefined table, schema, function, column
		return face.Unavailable, "the database has not the schema of this version: run visage migrate up"
	case "55000", "55006": // object_not_in_prerequisite_state, object_in_use
		return face.Unavailable, "the database is not in the state for it: " + said(e)
	case "42501": // insufficient_privilege
		return face.Unavailable, "the database role lacks a right: " + e.Message
	case "53100": // disk_full
		return face.Unavailable, "the database's disk is full: " + e.Message + ". Make room on it; what waits for it then goes on"
	case "25006": // read_only_sql_transaction
		return face.Unavailable, "the database takes no changes: it is a replica or set to read only"
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", "57": // connection exceptions, operator intervention
		return face.Unavailable, "the database went away: " + e.Message
	case "28", "3D": // authorization, no such database
		return face.Unavailable, "the database refuses the connection: " + e.Message
	case "53", "58": // insufficient resources, system errors
		return face.Unavailable, "the database server is in need: " + said(e)
	case "22": // data exceptions
		return face.Invalid, said(e)
	default:
		return face.Internal, "unexpected answer of the database"
	}
}

// constraintMeaning is what it means that a constraint was violated. The names
// are those of package migrations.
func constraintMeaning(e *pgconn.PgError) (code face.Code, message string, ok bool) {
	switch {
	case e.Code == "23505" && e.ConstraintName == "galleries_name_key":
		return face.Exists, "a gallery of this name exists already", true
	case e.Code == "23505" && e.ConstraintName == "identities_gallery_id_name_key":
		return face.Exists, "the gallery has an identity of this name already", true
	case e.Code == "23505" && strings.HasPrefix(e.ConstraintName, "spaces_"):
		return face.Mismatch, "a space of this name or origin exists with other weights, preparation or dimension", true
	case e.Code == "23505":
		return face.Exists, said(e), true
	case e.Code == "23514" && e.ConstraintName == "api_keys_scopes_check":
		return face.Invalid, "a key needs scopes, of read, enrol, delete and admin", true
	case e.Code == "23514" && (e.ConstraintName == "galleries_name_check" || e.ConstraintName == "identities_name_check" || e.ConstraintName == "api_keys_name_check"):
		return face.Invalid, "a name must have 1 to 1024 bytes", true
	case e.Code == "23503" && strings.HasSuffix(e.ConstraintName, "_identity_fkey"):
		return face.Mismatch, "the identity is not of the same gallery, or was deleted meanwhile", true
	case e.Code == "23503":
		return face.Invalid, "what the row belongs to does not exist: " + said(e), true
	case e.Code == "23514" && strings.HasPrefix(e.ConstraintName, "embeddings_") && strings.HasSuffix(e.ConstraintName, "_dim_check"):
		return face.Mismatch, "the embedding has not the dimension of its space", true
	case e.Code == "23514" && strings.HasPrefix(e.ConstraintName, "embeddings_"):
		return face.Invalid, "the embedding is zero, or not of length 1 as its space says", true
	case strings.HasPrefix(e.Code, "23"):
		return face.Invalid, said(e), true
	default:
		return "", "", false
	}
}

// said is the server's own words, with its hint.
func said(e *pgconn.PgError) string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + ". " + e.Hint
}
