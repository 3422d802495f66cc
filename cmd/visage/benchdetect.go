package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
)

// smallPhoto is one megapixel: photographs above it are measured apart, because
// decoding weighs more the larger they are.
const smallPhoto = 1_000_000

// detectBench is what the command was told.
type detectBench struct {
	embed.Config
	photos string
	rounds int
}

func benchDetect(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "detect", Short: "Measure the installed detectors beside their bare networks", Args: cobra.NoArgs,
		Long: `Each photograph is detected from its encoded bytes on one processor, and in turn
the detector's networks alone are run on the very inputs that they got. Speeds
are photographs per second; names are detect.<detector> for photographs of up to
a megapixel and detect.<detector>.large for larger ones.`,
		Example: "  visage bench detect --photos people",
	}
	b := &detectBench{Config: embed.Config{Recognizer: embed.NoRecognizer, Measured: true}}
	asJSON := jsonFlag(cmd.Flags())
	detectionFlags(cmd, &b.Config)
	cmd.Flags().Lookup("detector").Usage = "detector; default all that are installed"
	cmd.Flags().StringVar(&b.photos, "photos", "", "folder of photographs")
	cmd.Flags().IntVar(&b.rounds, "rounds", 5, "how often each photograph is measured")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if b.photos == "" || b.rounds < 1 || b.rounds > 1000 {
			return misuse{errors.New("bench detect: name a folder by --photos, and 1 to 1000 --rounds")}
		}
		results, err := a.benchDetectors(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (a *app) benchDetectors(ctx context.Context, b *detectBench) ([]bench.Result, error) {
	photos, err := readPhotos(b.photos)
	if err != nil {
		return nil, err
	}
	names := []string{b.Detector}
	if b.Detector == "" {
		if names, err = a.installed(registry.Detector); err != nil {
			return nil, err
		}
	}
	var results []bench.Result
	for _, name := range names {
		fmt.Fprintln(a.errOut, "measuring", name)
		cfg := b.Config
		cfg.Detector = name
		err := a.withEmbedder(cfg, func(e *embed.Embedder) error {
			some, err := benchPhotos(ctx, e, photos, b.rounds)
			results = append(results, some...)
			return err
		})
		if b.Detector == "" && face.CodeOf(err) == face.Unavailable { // as one that this program was built without
			a.log.Warn("a detector cannot be measured", "detector", name, "problem", err)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// benchPhotos measures one detector on small and on large photographs.
func benchPhotos(ctx context.Context, e *embed.Embedder, photos []namedPhoto, rounds int) ([]bench.Result, error) {
	small, large := &tally{}, &tally{}
	for _, photo := range photos {
		measured, err := e.Measure(ctx, photo.data, rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", photo.path, err)
		}
		t := small
		if measured.Width*measured.Height > smallPhoto {
			t = large
		}
		t.add(measured.Rounds)
	}
	var results []bench.Result
	if small.photos > 0 {
		results = append(results, small.result("detect."+e.Detector()))
	}
	if large.photos > 0 {
		results = append(results, large.result("detect."+e.Detector()+".large"))
	}
	return results, nil
}

// tally adds up the seconds of each round over the photographs.
type tally struct {
	photos         int
	whole, network []float64
}

func (t *tally) add(measured []embed.Round) {
	if t.photos++; t.photos == 1 {
		t.whole, t.network = make([]float64, len(measured)), make([]float64, len(measured))
	}
	for i, m := range measured {
		t.whole[i] += m.EndToEnd.Seconds()
		t.network[i] += m.Network.Seconds()
	}
}

func (t *tally) result(name string) bench.Result {
	speed := func(seconds []float64) []float64 {
		out := make([]float64, len(seconds))
		for i, s := range seconds {
			out[i] = float64(t.photos) / s
		}
		return out
	}
	r, notes := bench.Rounds{Values: speed(t.whole)}, fmt.Sprintf("%d photographs", t.photos)
	if t.network[0] > 0 {
		r.References = speed(t.network)
	} else {
		notes += "; no network to compare with"
	}
	return r.Result(name, "1/s", "the detector's bare networks on the same inputs", notes)
}

// installed are the models of a kind that would open, but the detector that does
// not look.
func (a *app) installed(kind registry.Kind) ([]string, error) {
	store, err := a.store()
	if err != nil {
		return nil, err
	}
	all, err := list(store, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range all {
		if l.Kind == kind && l.Installed && l.Name != "skip" {
			names = append(names, l.Name)
		}
	}
	return names, nil
}

type namedPhoto struct {
	path string
	data []byte
}

// readPhotos reads all files below a folder.
func readPhotos(dir string) ([]namedPhoto, error) {
	var photos []namedPhoto
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := readFile(path)
		photos = append(photos, namedPhoto{path, data})
		return err
	})
	if err == nil && len(photos) == 0 {
		err = errors.New("the folder is empty")
	}
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "photographs in %s", dir)
	}
	return photos, nil
}
