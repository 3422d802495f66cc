package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/eval"
)

func evalCommand(a *app) *cobra.Command {
	return group("eval", "Measure how well faces are told apart", evalVerify(a), evalIdentify(a), evalQuality(a), evalSpoof(a))
}

// evaluation are the flags that all protocols share.
type evaluation struct {
	models *embed.Config
	limits *limits
	asJSON *bool
}

func evaluationFlags(cmd *cobra.Command) evaluation {
	v := evaluation{modelFlags(cmd), limitFlags(cmd), jsonFlag(cmd.Flags())}
	cmd.Flags().Float64Var(&v.models.Pad, "pad", 0, "black around each picture before detection, as a share of its size, for pictures cut tightly around a face")
	return v
}

// with opens the models and prepares an evaluation of them.
func (v evaluation) with(a *app, cmd *cobra.Command, use func(*embed.Embedder, eval.Config) error) error {
	return a.withEmbedder(*v.models, func(e *embed.Embedder) error {
		metric, threshold, err := v.limits.of(cmd, e)
		if err != nil {
			return err
		}
		bar := newBar(a.errOut, "photographs")
		err = use(e, eval.Config{
			Embedder: e, Detector: e.Detector(), Metric: metric, Threshold: threshold,
			Progress: func(done, total int) { bar.show(done, total, "") },
		})
		return errors.Join(err, bar.close())
	})
}

func evalVerify(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Pairs protocol: same person or not", Args: cobra.NoArgs,
		Long: `Verify reads a list of pairs (CSV with the columns file_a, file_b and same, 1 or
0) and measures by ISO/IEC 19795-1. Where a photograph holds several faces the
most prominent counts; a photograph without a face makes its pairs non-matches.`,
		Example: "  visage eval verify --pairs pairs.csv --root photos --json",
	}
	v := evaluationFlags(cmd)
	list := cmd.Flags().String("pairs", "", "list of pairs, CSV")
	root := cmd.Flags().String("root", ".", "folder that the paths in the list start from")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *list == "" {
			return misuse{errors.New("eval verify: name the list of pairs by --pairs")}
		}
		pairs, err := eval.ReadPairsFile(*list)
		if err != nil {
			return err
		}
		return v.with(a, cmd, func(_ *embed.Embedder, cfg eval.Config) error {
			return a.evalVerify(cmd.Context(), cfg, pairs, *root, *v.asJSON)
		})
	}
	return cmd
}

func (a *app) evalVerify(ctx context.Context, cfg eval.Config, pairs []eval.Pair, root string, asJSON bool) error {
	r, err := eval.Verify(ctx, cfg, pairs, root)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.out, r)
	}
	fmt.Fprintf(a.out, "%s with %s: %d pairs, %d failed\naccuracy %.4f%s (folds: %d), AUC %.4f, EER %.4f, best threshold %.4f\n",
		r.Model, r.Detector, r.Pairs, r.Failed, r.Accuracy, plusMinus(r.AccuracyStandardError), r.Folds, r.AUC, r.EER, r.Threshold)
	points := r.OperatingPoints
	if r.ModelThreshold != nil {
		points = append(points, *r.ModelThreshold)
	}
	rows := make([][]string, len(points))
	for i, p := range points {
		why := fmt.Sprintf("FMR at most %g", p.TargetFMR)
		if p.Source != "" {
			why = p.Source
		}
		rows[i] = []string{
			fmt.Sprintf("%.4f", p.Threshold), fmt.Sprintf("%.4f (%d of %d)", p.FMR, p.FalseMatches, p.Impostors),
			fmt.Sprintf("%.4f (%d of %d)", p.FNMR, p.FalseNonMatches, p.Genuine), why,
		}
	}
	if err := printTable(a.out, []string{"threshold", "FMR", "FNMR", "threshold chosen by"}, rows); err != nil {
		return err
	}
	return a.printFailures(r.FailedFiles)
}

// plusMinus writes a standard error, where there is one.
func plusMinus(e *float64) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf(" ± %.4f", *e)
}

func evalIdentify(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "identify", Short: "Identification protocol: who is it, if anybody", Args: cobra.NoArgs,
		Long: `Identify enrols a folder of identities in memory and searches every photograph of
another, exactly. Probes of people who are not enrolled measure the open set.`,
		Example: "  visage eval identify --gallery-dir gallery --probe-dir probes --json",
	}
	v := evaluationFlags(cmd)
	gallery := cmd.Flags().String("gallery-dir", "", "folder of identities to enrol")
	probes := cmd.Flags().String("probe-dir", "", "folder of identities to search for")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *gallery == "" || *probes == "" {
			return misuse{errors.New("eval identify: name both folders, by --gallery-dir and --probe-dir")}
		}
		return v.with(a, cmd, func(_ *embed.Embedder, cfg eval.Config) error {
			r, err := eval.Identify(cmd.Context(), cfg, *gallery, *probes)
			if err != nil {
				return err
			}
			if *v.asJSON {
				return printJSON(a.out, r)
			}
			return a.printIdentification(r)
		})
	}
	return cmd
}

func (a *app) printIdentification(r eval.Identification) error {
	fmt.Fprintf(a.out, "%s with %s: %d identities of %d photographs enrolled, %d failed\n%d probes: %d enrolled, %d not, %d failed\n"+
		"rank 1 %s, rank 5 %s, FNIR %s, FPIR %s at %s distance %.4f\n",
		r.Model, r.Detector, r.Enrolled.Identities, r.Enrolled.Photos, r.Enrolled.Failed,
		r.Probes, r.Mated, r.NonMated, r.Failed, figure(r.Rank1), figure(r.Rank5), figure(r.FNIR), figure(r.FPIR), r.Metric, r.Threshold)
	return a.printFailures(r.FailedFiles)
}

func (a *app) printFailures(failures []eval.Failure) error {
	for _, f := range failures {
		if _, err := fmt.Fprintf(a.out, "%-14s %s: %s\n", f.Code, plain(f.File), plain(f.Reason)); err != nil {
			return err
		}
	}
	return nil
}
