package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search/resident"
)

func indexPlan(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan", Short: "Say what memory and time a build would take", Args: cobra.NoArgs,
		Long: `Computes the size of an index from pgvector's own layout, and the memory that a
build needs so as not to become many times slower. The time is a rough estimate from a
speed that is printed with it. Without --space all spaces are planned for.`,
		Example: "  visage index plan\n  visage index plan --space SFace-native-0ba9fbfa --rows 1000000",
	}
	f, asJSON := buildFlags(cmd), jsonFlag(cmd.Flags())
	rows := cmd.Flags().Int64("rows", 0, "templates to plan for; default those that the space has")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.read(cmd); err != nil {
			return err
		}
		if *rows < 0 {
			return misuse{fmt.Errorf("--rows %d: plan for at least 1 template", *rows)}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			plans, err := planIndexes(cmd, db, f, *rows)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"plans": plans})
			}
			for _, p := range plans {
				if err := a.printPlan(p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

// planned is a plan, with what it takes to do without the index.
type planned struct {
	postgres.IndexPlan
	Resident int64 `json:"resident_bytes"` // of memory, to hold the templates there
}

// planIndexes plans for the space that is named, or for all that can have an index.
func planIndexes(cmd *cobra.Command, db *postgres.DB, f *indexFlags, rows int64) ([]planned, error) {
	var spaces []face.Space
	if f.space != "" {
		space, err := db.Space(cmd.Context(), f.space)
		if err != nil {
			return nil, err
		}
		spaces = []face.Space{space}
	} else {
		all, err := db.Spaces(cmd.Context())
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			if postgres.Indexable(s, f.settings.Metric) {
				spaces = append(spaces, s)
			}
		}
	}
	plans := []planned{}
	for _, s := range spaces {
		p, err := db.PlanIndex(cmd.Context(), s, rows, f.settings)
		if err != nil {
			return nil, err
		}
		plans = append(plans, planned{p, resident.Estimate(s, p.Rows)})
	}
	return plans, nil
}

func (a *app) printPlan(p planned) error {
	fits := "fits"
	if !p.Fits {
		fits = "does not fit"
	}
	took := time.Duration(p.Seconds * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(a.out, "space %s, %s: %d templates of %d dimensions, HNSW over %s, m %d, ef_construction %d\n",
		plain(p.Space), p.Metric, p.Rows, p.Dim, p.Type, p.M, p.EfConstruction)
	fmt.Fprintf(a.out, "  index    %s on disk, and as much memory for fast searches (element %d + neighbours %d bytes, %d in a page)\n",
		bytesText(p.Bytes), p.Element, p.Neighbours, p.PerPage)
	fmt.Fprintf(a.out, "  resident %s of memory in visage serve, where no index is needed (--resident)\n", bytesText(p.Resident))
	fmt.Fprintf(a.out, "  build    needs %s, maintenance_work_mem is %s: it %s\n", bytesText(p.Graph), bytesText(p.Memory), fits)
	_, err := fmt.Fprintf(a.out, "  time     about %s, assuming %.0f templates per second by %d process(es)\n", took, p.Rate, 1+p.Workers)
	for _, w := range p.Warnings {
		fmt.Fprintln(a.out, "  warning  "+w)
	}
	return err
}
