package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/eval"
)

// rejectStep is of how many hundredths the table of rejected shares has a row each.
const rejectStep = 5

func evalQuality(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "quality", Short: "Do errors fall when faces of low quality are rejected?", Args: cobra.NoArgs,
		Long: `Quality spoils photographs on purpose (blur, downscale, darken, turn), by strengths
that the seed decides, compares those of one person with each other, as they are and
spoilt, at the model's threshold, and prints how many non-matches are left when the
comparisons of the lowest quality score are rejected: the error-versus-reject curve of
ISO/IEC 29794-1, beside rejection at random and the ideal one. Of --pairs those of the
same person count; --dir takes all that a folder of identities gives.`,
		Example: "  visage eval quality --pairs pairs.csv --root photos\n  visage eval quality --dir people --json",
	}
	v := evaluationFlags(cmd)
	pairs := cmd.Flags().String("pairs", "", "list of pairs, CSV")
	root := cmd.Flags().String("root", ".", "folder that the paths in the list start from")
	dir := cmd.Flags().String("dir", "", "folder of identities, in place of a list")
	seed := cmd.Flags().Uint64("seed", 0, "number that decides how strongly each photograph is spoilt")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if (*pairs == "") == (*dir == "") {
			return misuse{errors.New("eval quality: name either a list of pairs by --pairs or a folder of identities by --dir")}
		}
		list, from, err := genuinePairs(*pairs, *root, *dir)
		if err != nil {
			return err
		}
		return v.with(a, cmd, func(e *embed.Embedder, cfg eval.Config) error {
			r, err := eval.Quality(cmd.Context(), eval.QualityConfig{Config: cfg, Spoiler: e, Seed: *seed}, list, from)
			if err != nil {
				return err
			}
			if *v.asJSON {
				return printJSON(a.out, r)
			}
			return a.printQuality(r)
		})
	}
	return cmd
}

// genuinePairs are those of a list, or of a folder below which their paths are, so
// that a seed does the same wherever the folder lies.
func genuinePairs(list, root, dir string) ([]eval.Pair, string, error) {
	if dir != "" {
		pairs, err := eval.GenuinePairs(dir)
		return pairs, dir, err
	}
	pairs, err := eval.ReadPairsFile(list)
	return pairs, root, err
}

func (a *app) printQuality(r eval.QualityEvaluation) error {
	fmt.Fprintf(a.out, "%s with %s: %d photographs in %d versions, %d more without a face; %d comparisons of %d genuine pairs at %s distance %.4f\n",
		r.Model, r.Detector, r.Photographs, r.Versions, r.Failed, r.Comparisons, r.Pairs, r.Metric, r.Threshold)
	var rows [][]string
	for _, h := range r.Harms {
		rows = append(rows, []string{string(h.Kind), fmt.Sprint(h.Versions), fmt.Sprint(h.Failed), figure(h.MeanQuality), figure(h.FNMR), fmt.Sprint(h.Comparisons)})
	}
	if err := printTable(a.out, []string{"harm", "versions", "no face", "mean quality", "FNMR", "comparisons with photographs as they are"}, rows); err != nil {
		return err
	}
	rows = nil
	for i := 0; i < len(r.Curve); i += rejectStep {
		p := r.Curve[i]
		rows = append(rows, []string{
			fmt.Sprintf("%.0f %%", 100*p.Rejected), fmt.Sprintf("%.3f", p.MinQuality), fmt.Sprint(p.Comparisons), fmt.Sprintf("%.4f", p.FNMR),
			fmt.Sprintf("%.4f", r.FNMR), fmt.Sprintf("%.4f", p.IdealFNMR),
		})
	}
	if err := printTable(a.out, []string{"rejected", "quality from", "comparisons", "FNMR", "rejected at random", "ideally"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "area under the curve %.4f; at random %.4f, ideally %.4f: %s of the way\n", r.Area.Quality, r.Area.Random, r.Area.Ideal, figure(r.Gain))
	return a.printFailures(r.FailedFiles)
}

// figure writes a number that may not be known.
func figure(v *float64) string {
	if v == nil {
		return "not measured"
	}
	return fmt.Sprintf("%.4f", *v)
}
