package pgtest_test

import (
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, two := pgtest.New(t), pgtest.New(t)
	if err := one.CreateGallery(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	found, err := two.Galleries(t.Context())
	if err != nil || len(found) != 0 {
		t.Errorf("the other database has %v (%v), want nothing", found, err)
	}
	if err := two.RequireSchema(t.Context()); err != nil {
		t.Errorf("a new database is not migrated: %v", err)
	}
}

func TestEmptyURL(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.EmptyURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := face.CodeOf(db.RequireSchema(t.Context())); got != face.Unavailable {
		t.Errorf("an empty database gives code %q, want %q", got, face.Unavailable)
	}
}

func TestSkipsWithoutServer(t *testing.T) {
	t.Setenv("VISAGE_TEST_DATABASE_URL", "")
	skipped := false
	t.Run("inner", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		pgtest.URL(t)
	})
	if !skipped {
		t.Error("a test without a server was not skipped")
	}
}
