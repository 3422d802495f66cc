package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
)

// embedBench is what the command was told.
type embedBench struct {
	*embed.Config
	photos  string
	batches []int
	rounds  int
}

func benchEmbed(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "embed", Short: "Measure the installed recognisers beside their bare networks", Args: cobra.NoArgs,
		Long: `Faces are cut out of the photographs, then embedded from their crops on one
processor, and in turn the recogniser's network alone is run on the very inputs
that it got. Speeds are faces per second; names are embed.<model> for one face at a
time and embed.<model>.batch<n> for batches.`,
		Example: "  visage bench embed --photos people",
	}
	b := &embedBench{Config: modelFlags(cmd)}
	asJSON := jsonFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.Lookup("model").Usage = "recogniser; default all that are installed"
	flags.StringVar(&b.photos, "photos", "", "folder of photographs")
	flags.IntSliceVar(&b.batches, "batch", []int{1, 8}, "how many faces go into one run")
	flags.IntVar(&b.rounds, "rounds", 5, "how often the faces are measured")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if b.photos == "" || b.rounds < 1 || b.rounds > 1000 {
			return misuse{errors.New("bench embed: name a folder by --photos, and 1 to 1000 --rounds")}
		}
		if err := checkBatches("bench embed", b.batches); err != nil {
			return err
		}
		results, err := a.benchEmbedders(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func checkBatches(command string, batches []int) error {
	for _, n := range batches {
		if n < 1 || n > 256 {
			return misuse{fmt.Errorf("%s: a batch of %d: use 1 to 256", command, n)}
		}
	}
	return nil
}

func (a *app) benchEmbedders(ctx context.Context, b *embedBench) ([]bench.Result, error) {
	photos, err := photoBytes(b.photos)
	if err != nil {
		return nil, err
	}
	models := []string{b.Recognizer}
	if b.Recognizer == "" {
		if models, err = a.installed(registry.Recognizer); err != nil {
			return nil, err
		}
	}
	var results []bench.Result
	for _, model := range models {
		for _, batch := range b.batches {
			r, err := a.benchModel(ctx, b, model, photos, batch)
			code := face.CodeOf(err)
			if code == face.NoFace || b.Recognizer == "" && code == face.Unavailable { // too few faces; a program without it
				a.log.Warn("this cannot be measured", "model", model, "batch", batch, "problem", err)
				continue
			}
			if err != nil {
				return nil, err
			}
			results = append(results, r)
		}
	}
	return results, nil
}

// photoBytes are all files below a folder.
func photoBytes(dir string) ([][]byte, error) {
	named, err := readPhotos(dir)
	photos := make([][]byte, len(named))
	for i, p := range named {
		photos[i] = p.data
	}
	return photos, err
}

func (a *app) benchModel(ctx context.Context, b *embedBench, model string, photos [][]byte, batch int) (result bench.Result, err error) {
	fmt.Fprintf(a.errOut, "measuring %s, batches of %d\n", model, batch)
	cfg := *b.Config
	cfg.Recognizer, cfg.Measured, cfg.Workers, cfg.Batch = model, true, 1, batch
	err = a.withEmbedder(cfg, func(e *embed.Embedder) error {
		faces, measured, err := e.MeasureCrops(ctx, photos, batch, b.rounds)
		if err != nil {
			return err
		}
		result = facesPerSecond("embed."+e.Recognizer(), batch, faces, measured, "the recogniser's bare network on the same inputs")
		return nil
	})
	return result, err
}

// facesPerSecond is the speed of something that was done to so many faces, a batch at
// a time, beside that of the networks alone.
func facesPerSecond(name string, batch, faces int, measured []embed.Round, against string) bench.Result {
	if batch > 1 {
		name += fmt.Sprintf(".batch%d", batch)
	}
	r, notes := bench.Rounds{}, fmt.Sprintf("%d faces", faces)
	for _, m := range measured {
		r.Values = append(r.Values, float64(faces)/m.EndToEnd.Seconds())
		if m.Network > 0 {
			r.References = append(r.References, float64(faces)/m.Network.Seconds())
		}
	}
	if len(r.References) == 0 {
		notes += "; no network to compare with"
	}
	return r.Result(name, "1/s", against, notes)
}
