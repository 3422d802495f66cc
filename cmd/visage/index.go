package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

func indexCommand(a *app) *cobra.Command {
	return group("index", "Show, plan, build and measure the search indexes", indexList(a), indexPlan(a), indexBuild(a), indexRecall(a), indexDrop(a))
}

// indexFlags are what the commands about one index are told.
type indexFlags struct {
	space, metric string
	settings      postgres.IndexSettings
	workers       int
}

// spaceFlags declares --space and --metric.
func spaceFlags(cmd *cobra.Command) *indexFlags {
	f := &indexFlags{}
	cmd.Flags().StringVar(&f.space, "space", "", "space, see visage index list")
	cmd.Flags().StringVar(&f.metric, "metric", string(face.Cosine),
		"what the index serves: one index is for cosine, euclidean_l2 and angular; euclidean has one of its own where templates are not of length 1")
	return f
}

// buildFlags declares how an index is built, too.
func buildFlags(cmd *cobra.Command) *indexFlags {
	f := spaceFlags(cmd)
	flags := cmd.Flags()
	flags.IntVar(&f.settings.M, "m", 0, "neighbours of a node; default pgvector's 16")
	flags.IntVar(&f.settings.EfConstruction, "ef-construction", 0, "nodes looked at to find them: more is slower to build and misses less; default 200")
	flags.IntVar(&f.workers, "parallel", 0, "processes that help; default what the server allows, and none before pgvector 0.8.2, where that is faulty")
	flags.StringVar(&f.settings.Memory, "memory", "", `memory of the build (maintenance_work_mem), such as "2GB"; default the server's`)
	return f
}

// read checks --metric, and takes --parallel where it was given.
func (f *indexFlags) read(cmd *cobra.Command) error {
	metric, err := face.ParseMetric(f.metric)
	if err != nil {
		return misuse{err}
	}
	f.settings.Metric = metric
	if cmd.Flags().Changed("parallel") {
		f.settings.Workers = &f.workers
	}
	return nil
}

// needSpace refuses a command line without --space.
func (f *indexFlags) needSpace(cmd *cobra.Command) error {
	if f.space == "" {
		return misuse{fmt.Errorf("%s: name a space by --space, see visage index list", name(cmd))}
	}
	return f.read(cmd)
}

// withSpace connects and looks a space up.
func (a *app) withSpace(cmd *cobra.Command, name string, use func(*postgres.DB, face.Space) error) error {
	return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
		space, err := db.Space(cmd.Context(), name)
		if err != nil {
			return err
		}
		return use(db, space)
	})
}

func indexDrop(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "drop", Short: "Remove an index of a space, which is searched exactly then", Args: cobra.NoArgs,
		Example: "  visage index drop --space SFace-native-0ba9fbfa",
	}
	f, asJSON := spaceFlags(cmd), jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.needSpace(cmd); err != nil {
			return err
		}
		return a.withSpace(cmd, f.space, func(db *postgres.DB, space face.Space) error {
			dropped, err := db.DropIndex(cmd.Context(), space, f.settings.Metric)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"dropped": dropped})
			}
			_, err = fmt.Fprintf(a.out, "index %s of %s is gone: searches of space %s by %s are exact\n",
				dropped.Name, bytesText(dropped.Bytes), plain(space.Name()), dropped.Metric)
			return err
		})
	}
	return cmd
}
