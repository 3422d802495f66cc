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
threshold where there is one. The probe itself does not count, and candidates at the
same distance are as good as each other.

"at least" is what the share of the mates, or of the nearest where fewer than half of
the probes have mates, is at least, with a confidence of 95 %. 300, 600 or 1,200 probes
are searched for, until that tells which ef_search keeps a recall of 0.99. The result is
kept: searches choose their ef_search by "at least" (visage find --min-recall). To
promise more takes more --probes: 0.999 takes 1,500 with three mates each and no miss.`,
		Example: "  visage index recall --space SFace-native-0ba9fbfa",
	}
	f, asJSON := spaceFlags(cmd), jsonFlag(cmd.Flags())
	opts := search.RecallOptions{}
	flags := cmd.Flags()
	flags.StringVar(&opts.Gallery, "gallery", "", "gallery to search; default the space's largest")
	flags.IntVar(&opts.Probes, "probes", 0, "templates to search for; default as many as it takes, up to 1200")
	flags.Int64Var(&opts.Seed, "seed", 1, "another seed chooses others")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.needSpace(cmd); err != nil {
			return err
		}
		if cmd.Flags().Changed("probes") && opts.Probes < 1 {
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
		if opts.Gallery, _, err = db.LargestGallery(ctx, opts.Space); err != nil {
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
	for i, p := range r.Points {
		mates := "unknown"
		if p.MateRecall != nil {
			mates = fmt.Sprintf("%.4f", *p.MateRecall)
		}
		rows[i] = []string{strconv.Itoa(p.EfSearch), fmt.Sprintf("%.4f", p.Recall), mates, fmt.Sprintf("%.4f", p.Promise)}
	}
	if err := printTable(a.out, []string{"ef_search", fmt.Sprintf("recall@%d", r.K), "mates", "at least"}, rows); err != nil {
		return err
	}
	enough := "no ef_search promises it, so that they are exact"
	if efSearch := r.Keeps(face.DefaultMinRecall); efSearch > 0 {
		enough = fmt.Sprintf("ef_search %d", efSearch)
	}
	_, err := fmt.Fprintf(a.out, "searches that ask for a recall of %.2f, as they do by default: %s\n", face.DefaultMinRecall, enough)
	return err
}
