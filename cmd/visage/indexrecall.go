package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// The database's index can be measured.
var _ search.RecallSource = (*postgres.DB)(nil)

// recallReport is what index recall prints.
type recallReport struct {
	Space     string          `json:"space"`
	Gallery   string          `json:"gallery"`
	Threshold *face.Threshold `json:"threshold,omitempty"` // that mates are within, where one is known
	face.RecallCurve
}

func indexRecall(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "recall", Short: "Measure how much of an exact search's answers an index returns", Args: cobra.NoArgs,
		Long: `Searches for stored templates, chosen by chance, exactly and through the index with
several ef_search, and compares: recall is the share of the ten nearest that the index
returns, mates that of the templates of the same person among them, within the model's
threshold where there is one. The probe itself does not count. The result is kept:
searches choose their ef_search by it (visage find --min-recall).`,
		Example: "  visage index recall --space SFace-native-0ba9fbfa",
	}
	f, asJSON := spaceFlags(cmd), jsonFlag(cmd.Flags())
	opts := search.RecallOptions{}
	flags := cmd.Flags()
	flags.StringVar(&opts.Gallery, "gallery", "", "gallery to search; default the space's largest")
	flags.IntVar(&opts.Probes, "probes", search.DefaultProbes, "templates to search for")
	flags.Int64Var(&opts.Seed, "seed", 1, "another seed chooses others")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.needSpace(cmd); err != nil {
			return err
		}
		if opts.Probes < 1 {
			return misuse{fmt.Errorf("--probes %d: use at least 1", opts.Probes)}
		}
		return a.withSpace(cmd, f.space, func(db *postgres.DB, space face.Space) error {
			opts.Space, opts.Metric = space, postgres.Family(f.settings.Metric, space)
			r, err := a.measureRecall(cmd.Context(), db, opts)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, r)
			}
			return a.printRecall(r)
		})
	}
	return cmd
}

// measureRecall measures, and keeps what it found.
func (a *app) measureRecall(ctx context.Context, db *postgres.DB, opts search.RecallOptions) (r recallReport, err error) {
	if opts.Gallery == "" {
		if opts.Gallery, err = db.LargestGallery(ctx, opts.Space); err != nil {
			return r, err
		}
	}
	if opts.Threshold, err = a.knownThreshold(opts.Space, opts.Metric); err != nil {
		return r, err
	}
	if opts.Threshold.Metric != "" {
		r.Threshold = &opts.Threshold
	}
	bar := newBar(a.errOut, "probes").withLines(a.errOut, lineEvery)
	opts.Tell = func(done, total int) { bar.show(done, total, "recall") }
	r.Space, r.Gallery = opts.Space.Name(), opts.Gallery
	r.RecallCurve, err = search.MeasureRecall(ctx, db, opts)
	if err = errors.Join(err, bar.close()); err != nil {
		return r, err
	}
	return r, db.StoreRecall(ctx, opts.Space, r.RecallCurve)
}

// knownThreshold is that of the space's model in a metric, without one where none
// is known.
func (a *app) knownThreshold(space face.Space, metric face.Metric) (face.Threshold, error) {
	store, err := a.store()
	if err != nil {
		return face.Threshold{}, err
	}
	known, err := catalog{store}.Thresholds(space)
	if err != nil {
		return face.Threshold{}, err
	}
	t, err := search.ChooseThreshold(known, metric, space)
	if err != nil && face.CodeOf(err) != face.Invalid {
		return face.Threshold{}, err
	}
	return t, nil
}

func (a *app) printRecall(r recallReport) error {
	within := "mates of any distance"
	if r.Threshold != nil {
		within = fmt.Sprintf("mates within %s %.3f", r.Threshold.Metric, r.Threshold.Distance)
	}
	fmt.Fprintf(a.out, "space %s, index for %s: %d probes in gallery %s, %d templates; %s\n",
		plain(r.Space), r.Metric, r.Probes, plain(r.Gallery), r.Rows, within)
	rows := make([][]string, len(r.Points))
	enough := "no ef_search gives it, so that they are exact"
	for i := len(r.Points) - 1; i >= 0; i-- {
		p := r.Points[i]
		mates := "unknown"
		if p.MateRecall != nil {
			mates = fmt.Sprintf("%.4f", *p.MateRecall)
		}
		rows[i] = []string{strconv.Itoa(p.EfSearch), fmt.Sprintf("%.4f", p.Recall), mates}
		if p.Promise() >= face.DefaultMinRecall {
			enough = fmt.Sprintf("ef_search %d", p.EfSearch)
		}
	}
	if err := printTable(a.out, []string{"ef_search", fmt.Sprintf("recall@%d", r.K), "mates"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "searches that ask for a recall of %.2f, as they do by default: %s\n", face.DefaultMinRecall, enough)
	return err
}
