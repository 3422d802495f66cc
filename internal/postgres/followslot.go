package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
)

// slotPrefix begins the names of all of Visage's slots.
const slotPrefix = "visage_"

// Slot is a place in the log at which a program follows the database, or once did.
type Slot struct {
	Name     string `json:"name"`
	Active   bool   `json:"active"`   // a program follows at the moment
	Retained int64  `json:"retained"` // bytes of the log that are kept for it
	Lost     bool   `json:"lost"`     // given up: its program begins anew
}

// Slots are those of Visage's programs in this database, by name. It returns
// Unavailable on a replica.
func (d *DB) Slots(ctx context.Context) ([]Slot, error) {
	const query = `
		SELECT slot_name, active, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint, coalesce(wal_status = 'lost', false)
		FROM pg_replication_slots WHERE database = current_database() AND starts_with(slot_name, $1) ORDER BY slot_name`
	rows, _ := d.pool.Query(ctx, query, slotPrefix)
	slots, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Slot])
	return slots, interpret("postgres.Slots", err)
}

// dropLimit is how long DropSlot waits for a program that has just ended: the server
// notices within moments.
const dropLimit = 2 * time.Second

// DropSlot lets the server forget the program of FollowConfig.Slot, for good or because
// its copy is of no use; where there is no such slot it does nothing. It returns
// Unavailable while the program follows, and where the role may not replicate.
func (d *DB) DropSlot(ctx context.Context, slot string) error {
	name, err := d.slotName(ctx, slot)
	if err != nil {
		return err
	}
	for end := time.Now().Add(dropLimit); ; time.Sleep(dropLimit / 100) {
		err = d.dropSlot(ctx, name)
		var refused *pgconn.PgError
		if inUse := errors.As(err, &refused) && refused.Code == "55006"; !inUse || time.Now().After(end) {
			return interpret("postgres.DropSlot", err)
		}
	}
}

func (d *DB) dropSlot(ctx context.Context, name string) error {
	const query = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1`
	_, err := d.pool.Exec(ctx, query, name)
	return err
}

// dropLost makes room for new slots where there are some that the server gave up: their
// programs, if they ever come back, begin anew with or without them.
func (d *DB) dropLost(ctx context.Context) error {
	const query = `
		SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
		WHERE database = current_database() AND starts_with(slot_name, $1) AND NOT active AND wal_status = 'lost'`
	_, err := d.pool.Exec(ctx, query, slotPrefix)
	if missing(err) { // another program was faster
		return nil
	}
	return interpret("postgres.Follow", err)
}

// missing says that there is no object of a name.
func missing(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "42704"
}

// slotName is the name of a program's slot. A cluster's databases share the names, so
// that the database's own id is in it.
func (d *DB) slotName(ctx context.Context, program string) (string, error) {
	var database uint32
	err := d.pool.QueryRow(ctx, `SELECT oid FROM pg_database WHERE datname = current_database()`).Scan(&database)
	return fmt.Sprintf("%s%d_%s", slotPrefix, database, slotWord(program)), interpret("postgres.Follow", err)
}

// slotWord writes a program's name with what slots may have, at most 39 of 63 bytes. A
// part of its SHA-256 keeps those apart that are alike then.
func slotWord(program string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(program))
	sum := sha256.Sum256([]byte(program))
	return fmt.Sprintf("%s_%x", plain[:min(30, len(plain))], sum[:4])
}

// lost says why a copy that has reached a position cannot be gone on with, and nothing
// where it can. Where the slot is further than the copy, as after a copy was put back
// from a backup, the server would go on from the slot and leave out what is between.
func (d *DB) lost(ctx context.Context, slot string, reached face.Position) (why string, err error) {
	const query = `
		SELECT coalesce(wal_status = 'lost', false), (coalesce(confirmed_flush_lsn, '0/0') - '0/0')::bigint, (pg_current_wal_flush_lsn() - '0/0')::bigint
		FROM pg_replication_slots WHERE slot_name = $1 AND plugin = 'pgoutput'`
	var lost bool
	var confirmed, end int64
	err = d.pool.QueryRow(ctx, query, slot).Scan(&lost, &confirmed, &end)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "its slot " + slot + " is gone", nil
	case err != nil:
		return "", err
	case lost:
		return "the server gave its slot " + slot + " up, for it kept more of the log than max_slot_wal_keep_size", nil
	case face.Position(confirmed) > reached:
		return fmt.Sprintf("it ends at %s, and its slot %s goes on at %s only", reached, slot, face.Position(confirmed)), nil
	case face.Position(end) < reached:
		return fmt.Sprintf("it is at %s, further than the database, which is at %s", reached, face.Position(end)), nil
	default:
		return "", nil
	}
}
