package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// bench is a database of the test's own with a second way in, for looking at
// and doing what the package does not.
type bench struct {
	*testing.T
	db  *postgres.DB
	sql *pgxpool.Pool
	url string
}

func setup(t *testing.T) *bench {
	t.Helper()
	return connect(t, pgtest.URL(t))
}

func connect(t *testing.T, url string) *bench {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sql, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sql.Close)
	return &bench{t, db, sql, url}
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// fails checks an error's code and that its text holds the given words.
func (b *bench) fails(err error, want face.Code, words ...string) {
	b.Helper()
	if got := face.CodeOf(err); got != want {
		b.Errorf("code %q (%v), want %q", got, err, want)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			b.Errorf("error %q does not say %q", err, word)
		}
	}
}

func (b *bench) exec(query string, args ...any) {
	b.Helper()
	if _, err := b.sql.Exec(b.Context(), query, args...); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
}

// begin starts a transaction that ends with the test, unless it has before.
func (b *bench) begin() pgx.Tx {
	b.Helper()
	tx, err := b.sql.Begin(b.Context())
	b.ok(err)
	b.Cleanup(func() {
		// b.Context() has ended here.
		if err := tx.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			b.Error(err)
		}
	})
	return tx
}

// refused checks the SQLSTATE and, where it is not empty, the constraint with
// which the server refuses a statement.
func (b *bench) refused(state, constraint, query string, args ...any) {
	b.Helper()
	_, err := b.sql.Exec(b.Context(), query, args...)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		b.Errorf("%s\nis not refused (%v)", query, err)
		return
	}
	if refused.Code != state || (constraint != "" && refused.ConstraintName != constraint) {
		b.Errorf("%s\nis refused with %s, constraint %q (%s), want %s, %q", query, refused.Code, refused.ConstraintName, refused.Message, state, constraint)
	}
}

// one reads a single value.
func one[T any](b *bench, query string, args ...any) T {
	b.Helper()
	var value T
	if err := b.sql.QueryRow(b.Context(), query, args...).Scan(&value); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
	return value
}

// text reads all rows of a one-column query as lines.
func (b *bench) text(query string, args ...any) string {
	b.Helper()
	rows, err := b.sql.Query(b.Context(), query, args...)
	b.ok(err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		b.ok(rows.Scan(&line))
		lines = append(lines, line)
	}
	b.ok(rows.Err())
	return strings.Join(lines, "\n")
}

// ledger is what a gallery remembers of what is at or below root.
func (b *bench) ledger(gallery string, in face.Space, root string) (map[string]face.LedgerEntry, error) {
	b.Helper()
	var paths []string
	if err := b.db.Below(b.Context(), gallery, in, root, func(path string) { paths = append(paths, path) }); err != nil {
		return nil, err
	}
	entries, err := b.db.Known(b.Context(), gallery, in, paths)
	if err == nil && len(entries) != len(paths) {
		b.Errorf("%d of the %d paths below %q are known", len(entries), len(paths), root)
	}
	return entries, err
}

func space(name string, dim int, unit bool) face.Space {
	return face.Space{
		Recognizer: name, Weights: fmt.Sprintf("%x", sha256.Sum256([]byte(name))), Profile: face.Native, Dim: dim, Unit: unit,
	}
}

// vector is a seeded random direction of the given length.
func vector(seed uint64, dim int, length float64) []float32 {
	source := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, dim)
	sum := 0.0
	for i := range v {
		c := source.NormFloat64()
		v[i] = float32(c)
		sum += c * c
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum) * length)
	}
	return v
}

// photo is an enrolment of one face whose content, box and vector follow from
// the seed.
func photo(path, identity string, space face.Space, seed uint64) face.Enrolment {
	length := 1.0
	if !space.Unit {
		length = 0.5 + float64(seed%7)
	}
	at := float32(seed % 100)
	return face.Enrolment{
		Image: face.Image{
			Path: path, SHA256: sha256.Sum256(fmt.Append(nil, seed)), Size: int64(seed) + 1,
			ModTime:  time.Date(2024, 5, 17, 12, 0, 0, 123456000, time.UTC),
			Identity: identity, Width: 640, Height: 480,
		},
		Space:    space,
		Detector: "yunet",
		Templates: []face.Template{{
			Space:  space,
			Vector: vector(seed, space.Dim, length),
			Detection: face.Detection{
				Box: face.Box{X1: at, Y1: at, X2: at + 50, Y2: at + 60}, Confidence: 0.9,
				Landmarks: face.Landmarks{{X: 1, Y: 2}, {X: 3, Y: 4}, {X: 5, Y: 6}, {X: 7, Y: 8}, {X: 9, Y: 10}},
			},
		}},
	}
}

// rejected is an enrolment that gave no template.
func rejected(path string, space face.Space, seed uint64, detector string) face.Enrolment {
	e := photo(path, "", space, seed)
	e.Templates, e.Rejected, e.Detector = nil, face.NoFace, detector
	return e
}

// contents lists everything that the gallery tables hold, without ids and
// times, for comparing two ways to the same end.
func (b *bench) contents() string {
	b.Helper()
	return b.text(`
		SELECT concat_ws(' ', g.name, p.name, i.path, encode(i.sha256, 'hex'), i.size, i.mtime, f.detector, f.x1, f.y1, f.x2, f.y2,
			f.landmarks, s.name, o.detector, o.rejected, o.faces, e.embedding)
		FROM visage.galleries g
		JOIN visage.images i ON i.gallery_id = g.id
		LEFT JOIN visage.identities p ON p.id = i.identity_id
		LEFT JOIN visage.image_spaces o ON o.image_id = i.id
		LEFT JOIN visage.spaces s ON s.id = o.space_id
		LEFT JOIN visage.faces f ON f.image_id = i.id
		LEFT JOIN visage.embeddings e ON e.face_id = f.id AND e.space_id = s.id
		ORDER BY 1`)
}

// patience is how long something is waited for that takes seconds on a machine that
// has nothing else to do: it ends what hangs.
const patience = 5 * time.Minute

// until waits until something is so.
func (b *bench) until(otherwise string, so func() bool) {
	b.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal(otherwise)
		}
	}
}
