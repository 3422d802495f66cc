package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/pgserver"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// searchBench is what the command was told.
type searchBench struct {
	gallery, space, pgbench  string
	clients                  []int
	rounds, probes, efSearch int
	seconds, minRecall       float64
	resident                 bool
}

func benchSearch(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "search", Short: "Measure searches of a gallery beside pgbench and pgvector's defaults", Args: cobra.NoArgs,
		Long: `Searches for templates of the gallery, chosen by chance, ten candidates each, and
measures in turn, in searches per second,
  search.service  whole searches, decision and all, beside pgbench, which runs the same
                  SQL as a prepared statement, with the same settings and connections
  search.hnsw     the index, beside the index with pgvector's default ef_search of 40
  search.exact    the comparison with every template, beside the same
.clients8 is added to the name for eight searches at a time. recall is the share of the
mates found of those that an exact search finds, for the very probes. The statement
of pgbench takes the probe from the table, so that it need not be sent, returns
vectors as bytes, and has its settings from the connection's beginning.

With --resident the templates are held in memory, as visage serve does, and instead
  search.resident       searches there, beside the comparison with every template
  search.resident.hnsw  the same beside the index, where there is one
are measured.`,
		Example: "  visage bench gallery --identities 250000 --gallery million\n" +
			"  visage bench search --gallery million --space synthetic-native-248a7a18",
	}
	b, asJSON := &searchBench{}, jsonFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&b.gallery, "gallery", face.DefaultGallery, "gallery to search")
	flags.StringVar(&b.space, "space", "", "space, see visage index list")
	flags.IntSliceVar(&b.clients, "clients", []int{1, 8}, "how many searches at a time")
	flags.IntVar(&b.rounds, "rounds", 5, "how often each is measured")
	flags.Float64Var(&b.seconds, "seconds", 8, "and for how long; eight fresh connections need that to warm up")
	flags.IntVar(&b.probes, "probes", 100, "templates to search for")
	flags.Float64Var(&b.minRecall, "min-recall", face.DefaultMinRecall, "recall that the service is asked for")
	flags.IntVar(&b.efSearch, "ef-search", 0, "of search.hnsw; default what the service takes")
	flags.BoolVar(&b.resident, "resident", false, "measure searches in memory")
	flags.StringVar(&b.pgbench, "pgbench", "", "path of pgbench; default the one beside the installed Postgres or in PATH")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := b.check(); err != nil {
			return misuse{fmt.Errorf("bench search: %w", err)}
		}
		results, err := a.benchSearch(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (b *searchBench) check() error {
	switch {
	case b.space == "" || b.gallery == "":
		return errors.New("name a gallery and a space, by --gallery and --space")
	case len(b.clients) == 0 || slices.Min(b.clients) < 1 || slices.Max(b.clients) > 45: // a server has 100 connections by default, and twice as many are open
		return errors.New("use 1 to 45 --clients")
	case b.rounds < 1 || b.rounds > 1000 || !(b.seconds > 0 && b.seconds <= 3600) || b.probes < 1 || b.probes > 10_000:
		return errors.New("use 1 to 1000 --rounds of up to 3600 --seconds and 1 to 10000 --probes")
	case b.efSearch < 0 || b.efSearch > 1000:
		return errors.New("--ef-search: use 1 to 1000")
	case !(b.minRecall > 0 && b.minRecall <= 1):
		return fmt.Errorf("--min-recall %g: use a share above 0 and up to 1", b.minRecall)
	}
	return nil
}

func (a *app) benchSearch(ctx context.Context, b *searchBench) (results []bench.Result, err error) {
	err = a.withURL(ctx, func(url string) error {
		open := func(ctx context.Context, conns int, use func(*postgres.DB) error) error {
			db, err := postgres.Open(ctx, postgres.Config{URL: url, MaxConns: int32(conns)})
			if err != nil {
				return err
			}
			defer db.Close()
			return use(db)
		}
		return open(ctx, slices.Max(b.clients), func(db *postgres.DB) error {
			if err := a.seeToSchema(ctx, db); err != nil {
				return err
			}
			trial, err := a.searchTrial(ctx, db, b)
			if err != nil {
				return err
			}
			trial.open = open
			run := func(measure func(context.Context, int) ([]bench.Result, error)) error {
				for _, clients := range b.clients {
					fmt.Fprintf(a.errOut, "measuring %d searches at a time\n", clients)
					measured, err := measure(ctx, clients)
					if err != nil {
						return err
					}
					results = append(results, measured...)
				}
				return nil
			}
			if !b.resident {
				return run(trial.run)
			}
			return trial.withHeld(ctx, func() error { return run(trial.runHeld) })
		})
	})
	return results, err
}

// searchTrial chooses the probes, and measures the recall for them.
func (a *app) searchTrial(ctx context.Context, db *postgres.DB, b *searchBench) (*searchTrial, error) {
	space, err := db.Space(ctx, b.space)
	if err != nil {
		return nil, err
	}
	t := &searchTrial{searchBench: b, db: db, length: time.Duration(b.seconds * float64(time.Second))}
	t.query = face.Query{Gallery: b.gallery, Space: space, Metric: face.Cosine, Limit: search.DefaultK, MinRecall: b.minRecall}
	if t.statement, err = db.Statement(ctx, t.query); err != nil {
		return nil, err
	}
	if t.probes, err = db.Sample(ctx, b.gallery, space, b.probes, probeSeed); err != nil {
		return nil, err
	}
	if len(t.probes) == 0 {
		return nil, face.Errorf(face.NotFound, "gallery %q has no templates in space %s: there is nothing to search for", b.gallery, b.space)
	}
	if t.threshold, err = a.knownThreshold(space, face.Cosine); err != nil {
		return nil, err
	}
	if t.size, err = db.SpaceSize(ctx, space); err != nil {
		return nil, err
	}
	if b.pgbench == "" {
		b.pgbench, err = pgserver.FindProgram(ctx, "pgbench")
	} else {
		b.pgbench, err = exec.LookPath(b.pgbench)
	}
	if err != nil {
		t.withoutPgbench = fmt.Sprintf("; not beside pgbench: %v", err)
	}
	fmt.Fprintf(a.errOut, "measuring the recall for %d probes\n", len(t.probes))
	return t, t.measureRecall(ctx)
}
