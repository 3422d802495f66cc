package pgtest

import (
	"context"
	"database/sql"

	"github.com/peterldowns/pgtestdb"

	"github.com/visagedb/visage/internal/postgres"
)

// migrated makes the template as programs do, with postgres.MigrateUp.
type migrated struct{}

// Hash changes with the migrations, so that a changed one makes a new
// template.
func (migrated) Hash() (string, error) { return postgres.SchemaSum() }

func (migrated) Migrate(ctx context.Context, _ *sql.DB, cfg pgtestdb.Config) error {
	db, err := postgres.Open(ctx, postgres.Config{URL: cfg.URL()})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.MigrateUp(ctx)
}
