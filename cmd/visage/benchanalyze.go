package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
)

// analyzeBench is what the command was told.
type analyzeBench struct {
	embed.Config
	actions []string
	photos  string
	batches []int
	rounds  int
}

func benchAnalyze(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "analyze", Short: "Measure the attributes of faces beside the bare networks", Args: cobra.NoArgs,
		Long: `The faces of the photographs are found once. All attributes for which a model is
installed are then estimated on one processor, from the decoded photographs on, and
in turn the networks alone are run, one after the other, on the very inputs that they
got. Speeds are faces per second; names are analyze.all for one face at a time and
analyze.all.batch<n> for batches.`,
		Example: "  visage bench analyze --photos people",
	}
	b := &analyzeBench{Config: embed.Config{Recognizer: embed.NoRecognizer, Measured: true, Workers: 1}}
	asJSON := jsonFlag(cmd.Flags())
	profileFlags(cmd, &b.Config)
	detectionFlags(cmd, &b.Config)
	flags := cmd.Flags()
	attributeFlags(flags, &b.Config, &b.actions)
	flags.StringVar(&b.photos, "photos", "", "folder of photographs")
	flags.IntSliceVar(&b.batches, "batch", []int{1, 8}, "how many faces go into one run")
	flags.IntVar(&b.rounds, "rounds", 5, "how often the faces are measured")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if b.photos == "" || b.rounds < 1 || b.rounds > 1000 {
			return misuse{errors.New("bench analyze: name a folder by --photos, and 1 to 1000 --rounds")}
		}
		if err := checkBatches("bench analyze", b.batches); err != nil {
			return err
		}
		if b.Attributes, err = a.attributesOf("bench analyze: --actions", b.actions); err != nil {
			return err
		}
		results, err := a.benchAttributes(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (a *app) benchAttributes(ctx context.Context, b *analyzeBench) (results []bench.Result, err error) {
	photos, err := photoBytes(b.photos)
	if err != nil {
		return nil, err
	}
	err = a.withEmbedder(b.Config, func(e *embed.Embedder) error {
		for _, batch := range b.batches {
			fmt.Fprintf(a.errOut, "measuring batches of %d\n", batch)
			faces, measured, err := e.MeasureAttributes(ctx, photos, batch, b.rounds)
			if face.CodeOf(err) == face.NoFace {
				a.log.Warn("this cannot be measured", "batch", batch, "problem", err)
				continue
			}
			if err != nil {
				return err
			}
			r := facesPerSecond("analyze.all", batch, faces, measured, "the bare networks, one after the other, on the same inputs")
			r.Notes += "; " + strings.Join(e.AttributeModels(), ", ")
			results = append(results, r)
		}
		return nil
	})
	return results, err
}
