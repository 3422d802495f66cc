package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// Statement is a search as it is put to the server.
type Statement struct {
	Plan     face.Plan         // what its answers say of it
	Settings map[string]string // under which it runs
	sql      string            // $1 is the probe
	args     []any             // from $2 on
	space    int32
}

// Statement returns how Nearest would put a query to the server, for measuring it
// beside other clients; the query needs no probe. It returns Invalid for a query with
// a filter, and what Nearest returns.
func (d *DB) Statement(ctx context.Context, q face.Query) (Statement, error) {
	if !q.Filter.Empty() {
		return Statement{}, face.Errorf(face.Invalid, "a search with a filter cannot be written out: leave the filter out")
	}
	at, err := d.locate(ctx, q)
	if err != nil {
		return Statement{}, err
	}
	return d.choose(ctx, at, wanted{Query: q})
}

// Text is the statement for clients that read nothing but text. It searches for one of
// the given faces of the space, that of which the position from 1 on is written as
// position. That spares the client sending a probe, and the server reading one; vectors
// are returned as their bytes, which are many times faster to write than numbers, and
// are what the binary protocol returns.
func (s Statement) Text(faceIDs []string, position string) string {
	probe := fmt.Sprintf(`(SELECT s.embedding FROM visage.%s s WHERE s.space_id = %d AND s.face_id = ('{%s}'::uuid[])[%s])`,
		partition(s.space), s.space, strings.Join(faceIDs, ","), position)
	values := []string{"$1", probe}
	for i, arg := range s.args {
		values = append(values, "$"+strconv.Itoa(i+2), literal(arg))
	}
	return strings.NewReplacer(append(values, "c.embedding", "vector_send(c.embedding)")...).Replace(s.sql)
}

// literal writes a gallery's id or a number.
func literal(arg any) string {
	if id, ok := arg.(pgtype.UUID); ok {
		return fmt.Sprintf("'%s'::uuid", id)
	}
	return fmt.Sprint(arg)
}

// Options are the settings as options of a connection, those of PGOPTIONS.
func (s Statement) Options() string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		options = append(options, "-c "+name+"="+s.Settings[name])
	}
	return strings.Join(options, " ")
}

// Environment is what tells the programs that come with PostgreSQL, such as pgbench,
// which database this is.
func (d *DB) Environment() []string {
	c := d.pool.Config().ConnConfig
	env := []string{
		"PGHOST=" + c.Host, fmt.Sprintf("PGPORT=%d", c.Port), "PGDATABASE=" + c.Database, "PGUSER=" + c.User, "PGPASSWORD=" + c.Password,
	}
	if c.TLSConfig != nil {
		return append(env, "PGSSLMODE=require")
	}
	return append(env, "PGSSLMODE=disable")
}
