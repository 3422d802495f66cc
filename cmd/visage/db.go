package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/pgserver"
)

func dbCommand(a *app) *cobra.Command {
	return group("db", "Run the private Postgres", dbStart(a), dbStop(a), dbStatus(a), dbURL(a))
}

// private refuses to speak of the private Postgres where another is in use.
func (a *app) private(*cobra.Command, []string) error {
	if a.settings.DatabaseURL != "" {
		return misuse{errors.New("a database URL is set, so there is no private Postgres to run: unset VISAGE_DATABASE_URL")}
	}
	return nil
}

func dbStart(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "start", Short: "Start it and leave it running", Args: cobra.NoArgs,
		Long:    "Commands start the private Postgres by themselves and stop it when the last\none ends; after this command it stays up until visage db stop.",
		Example: "  visage db start", PreRunE: a.private,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := pgserver.Start(cmd.Context(), a.pgserver())
			if err != nil {
				return err
			}
			if err := errors.Join(server.Keep(), server.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, server.URL())
			return err
		},
	}
}

func dbStop(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "stop", Short: "Stop it", Args: cobra.NoArgs,
		Long:    "Stop stops the private Postgres, whoever uses it: a service of the same home answers\nwith an error until it runs again.",
		Example: "  visage db stop", PreRunE: a.private,
		RunE: func(cmd *cobra.Command, _ []string) error {
			before, err := pgserver.Status(cmd.Context(), a.pgserver())
			if err == nil {
				err = pgserver.Stop(cmd.Context(), a.pgserver())
			}
			if err != nil {
				return err
			}
			done := "stopped"
			if before.State == pgserver.Stopped {
				done = "it did not run"
			}
			_, err = fmt.Fprintln(a.out, done)
			return err
		},
	}
}

func dbStatus(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Say whether it runs", Args: cobra.NoArgs,
		Example: "  visage db status --json", PreRunE: a.private,
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		report, err := pgserver.Status(cmd.Context(), a.pgserver())
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, report)
		}
		_, err = fmt.Fprintf(a.out, "%s\ndata  %s\nlog   %s\nurl   %s\n", report.State, report.Data, report.Log, report.URL)
		return err
	}
	return cmd
}

func dbURL(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "url", Short: "Print its connection URL, for psql and others", Args: cobra.NoArgs,
		Example: "  psql \"$(visage db url)\"", PreRunE: a.private,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := pgserver.Status(cmd.Context(), a.pgserver())
			if err != nil {
				return err
			}
			if report.URL == "" {
				return face.Errorf(face.NotFound, "there is no private Postgres in %s yet: visage db start makes one", a.settings.Home)
			}
			if report.State != pgserver.Running {
				a.log.Warn("the private Postgres does not run; visage db start leaves it running")
			}
			_, err = fmt.Fprintln(a.out, report.URL)
			return err
		},
	}
}
