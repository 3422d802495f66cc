package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/postgres"
)

func migrateCommand(a *app) *cobra.Command {
	return group("migrate", "Bring the database schema up to date, or back", migrateUp(a), migrateDown(a), migrateVersion(a))
}

func migrateUp(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "up", Short: "Apply what is missing", Args: cobra.NoArgs,
		Long: `Brings the schema to the latest version. With --citus, in a database that is the
coordinator of a Citus cluster, it also spreads the templates over the nodes, for
good; later calls keep that up by themselves. See docs/scale.md.`,
		Example: "  visage migrate up",
	}
	citus := cmd.Flags().Bool("citus", false, "spread the templates over the nodes of a Citus cluster")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withRawDatabase(cmd.Context(), func(db *postgres.DB) error {
			if err := db.MigrateUp(cmd.Context()); err != nil {
				return err
			}
			distributed, err := db.Distributed(cmd.Context())
			if err == nil && (*citus || distributed) {
				err = db.Distribute(cmd.Context())
			}
			if err != nil {
				return err
			}
			return a.printSchemaVersion(cmd.Context(), db)
		})
	}
	return cmd
}

func migrateDown(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "down", Short: "Take back the last migrations, with the data that they hold", Args: cobra.NoArgs,
		Example: "  visage migrate down --steps 1",
	}
	steps := cmd.Flags().Int("steps", 1, "how many")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *steps < 1 {
			return misuse{fmt.Errorf("migrate down: --steps %d: take back at least 1", *steps)}
		}
		return a.withRawDatabase(cmd.Context(), func(db *postgres.DB) error {
			if err := db.MigrateDown(cmd.Context(), *steps); err != nil {
				return err
			}
			return a.printSchemaVersion(cmd.Context(), db)
		})
	}
	return cmd
}

func migrateVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the schema's version", Args: cobra.NoArgs, Example: "  visage migrate version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withRawDatabase(cmd.Context(), func(db *postgres.DB) error {
				return a.printSchemaVersion(cmd.Context(), db)
			})
		},
	}
}

func (a *app) printSchemaVersion(ctx context.Context, db *postgres.DB) error {
	at, dirty, err := db.MigrateVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := postgres.LatestVersion()
	if err != nil {
		return err
	}
	note := ""
	if dirty {
		note = ", left half done by a failed migration"
	}
	_, err = fmt.Fprintf(a.out, "schema version %d of %d%s\n", at, latest, note)
	return err
}
