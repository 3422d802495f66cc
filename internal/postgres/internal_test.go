package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"go.uber.org/goleak"

	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestInterpret(t *testing.T) {
	t.Parallel()
	state := func(code, constraint string) error {
		return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, ConstraintName: constraint, Message: "m", Hint: "h"})
	}
	for _, c := range []struct {
		err  error
		want face.Code
	}{
		{nil, ""},
		{face.Errorf(face.Vanished, "x"), face.Vanished},
		{state("23505", "galleries_name_key"), face.Exists},
		{state("23505", "identities_gallery_id_name_key"), face.Exists},
		{state("23505", "spaces_origin_key"), face.Mismatch},
		{state("23505", "faces_place_key"), face.Exists},
		{state("23503", "images_identity_fkey"), face.Mismatch},
		{state("23503", "embeddings_face_fkey"), face.Invalid},
		{state("23514", "embeddings_12_dim_check"), face.Mismatch},
		{state("23514", "embeddings_12_length_check"), face.Invalid},
		{state("23514", "faces_box_check"), face.Invalid},
		{state("23502", ""), face.Invalid},
		{state("22000", ""), face.Mismatch},
		{state("22003", ""), face.Invalid},
		{state("P0002", ""), face.NotFound},
		{state("57014", ""), face.Cancelled},
		{state("57P01", ""), face.Unavailable},
		{state("57P03", ""), face.Unavailable},
		{state("08006", ""), face.Unavailable},
		{state("53100", ""), face.Unavailable},
		{state("53200", ""), face.Unavailable},
		{state("53300", ""), face.Unavailable},
		{state("58030", ""), face.Unavailable},
		{state("40P01", ""), face.Unavailable},
		{state("40001", ""), face.Unavailable},
		{state("55P03", ""), face.Unavailable},
		{state("55000", ""), face.Unavailable},
		{state("55006", ""), face.Unavailable},
		{state("42P01", ""), face.Unavailable},
		{state("3F000", ""), face.Unavailable},
		{state("42501", ""), face.Unavailable},
		{state("25006", ""), face.Unavailable},
		{state("28P01", ""), face.Unavailable},
		{state("3D000", ""), face.Unavailable},
		{state("42601", ""), face.Internal},
		{state("XX000", ""), face.Internal},
		{context.Canceled, face.Cancelled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), face.Cancelled},
		{io.ErrUnexpectedEOF, face.Unavailable},
		{&net.OpError{Op: "read", Err: os.ErrClosed}, face.Unavailable},
		{puddle.ErrClosedPool, face.Unavailable},
		{errOvertaken, face.Unavailable},
		{errors.New("something"), face.Internal},
	} {
		got := interpret("op", c.err)
		if code := face.CodeOf(got); code != c.want {
			t.Errorf("%v: code %q, want %q", c.err, code, c.want)
		}
		if c.err != nil && !errors.Is(got, c.err) {
			t.Errorf("%v: the cause is lost in %v", c.err, got)
		}
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":              "",
		"plain é 🙂 \n":  "plain é 🙂 \n",
		"\xff":          `\xff`,
		"caf\xe9/é\x80": `caf\xe9/é\x80`,
		"a\x00b":        `a\x00b`,
		"\xed\xa0\x80":  `\xed\xa0\x80`, // a lone surrogate
		"\ufffd":        "\ufffd",       // the replacement character itself
		`literal \xff`:  `literal \xff`,
	} {
		if got := face.Readable(raw); got != want {
			t.Errorf("face.Readable(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"0.8.0", "0.8.0", false}, {"0.7.4", "0.8.0", true}, {"0.8.10", "0.8.2", false}, {"0.8", "0.8.1", true}, {"1.0", "0.8.6", false}, {"0.8.2", "0.8.10", true},
	} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%q, %q) = %t", c.a, c.b, got)
		}
	}
}

func TestDefects(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"0.8.0": 3, "0.8.1": 3, "0.8.2": 2, "0.8.3": 1, "0.8.4": 0, RecommendedPgvector: 0} {
		if got := defects(version); len(got) != want {
			t.Errorf("pgvector %s: %d defects %q, want %d", version, len(got), got, want)
		}
	}
}
