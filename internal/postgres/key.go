package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// keyColumns are those of face.Key, in its order.
const keyColumns = `id, name, hash, scopes, galleries, created_at, expires_at, revoked_at, last_used_at,
	revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`

// CreateKey stores a key, which ends after so long, or never with 0. It returns
// Invalid for a name that is empty or above 1,024 bytes, and for scopes that are
// none or unknown.
func (d *DB) CreateKey(ctx context.Context, k face.Key, lasts time.Duration) (face.Key, error) {
	const query = `
		INSERT INTO visage.api_keys (id, name, hash, scopes, galleries, expires_at)
		VALUES ($1, $2, $3, $4, $5, CASE WHEN $6::interval > '0' THEN now() + $6 END)
		RETURNING ` + keyColumns
	galleries := make([]string, len(k.Galleries))
	for i, name := range k.Galleries {
		galleries[i] = face.Readable(name)
	}
	rows, _ := d.pool.Query(ctx, query, k.ID, face.Readable(k.Name), k.Hash[:], k.Scopes, galleries, lasts)
	made, err := pgx.CollectExactlyOneRow(rows, readKey)
	return made, interpret("postgres.CreateKey", err)
}

// Keys returns all keys, those that have ended too, the oldest first.
func (d *DB) Keys(ctx context.Context) ([]face.Key, error) {
	rows, _ := d.pool.Query(ctx, `SELECT `+keyColumns+` FROM visage.api_keys ORDER BY created_at, id`)
	keys, err := pgx.CollectRows(rows, readKey)
	return keys, interpret("postgres.Keys", err)
}

// Key returns the key with a public id, ended or not, and whether there is one.
func (d *DB) Key(ctx context.Context, id string) (face.Key, bool, error) {
	rows, _ := d.pool.Query(ctx, `SELECT `+keyColumns+` FROM visage.api_keys WHERE id = $1`, id)
	keys, err := pgx.CollectRows(rows, readKey)
	if err != nil || len(keys) == 0 {
		return face.Key{}, false, interpret("postgres.Key", err)
	}
	return keys[0], true, nil
}

// AnyKey says whether a key was ever made, ended ones included.
func (d *DB) AnyKey(ctx context.Context) (found bool, err error) {
	err = d.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM visage.api_keys)`).Scan(&found)
	return found, interpret("postgres.AnyKey", err)
}

// UseKey notes that a key was used, at most once a minute.
func (d *DB) UseKey(ctx context.Context, id string) error {
	const query = `
		UPDATE visage.api_keys SET last_used_at = now()
		WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`
	_, err := d.pool.Exec(ctx, query, id)
	return interpret("postgres.UseKey", err)
}

// RevokeKey ends a key for good. It returns NotFound for an id that no key has;
// one that was revoked stays so.
func (d *DB) RevokeKey(ctx context.Context, id string) error {
	tag, err := d.pool.Exec(ctx, `UPDATE visage.api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		return face.Errorf(face.NotFound, "no key has the id %q: visage key list shows them", id)
	}
	return interpret("postgres.RevokeKey", err)
}

func readKey(row pgx.CollectableRow) (face.Key, error) {
	var k face.Key
	var hash []byte
	err := row.Scan(&k.ID, &k.Name, &hash, &k.Scopes, &k.Galleries, &k.CreatedAt, &k.ExpiresAt, &k.RevokedAt, &k.LastUsed, &k.Valid)
	copy(k.Hash[:], hash)
	return k, err
}
