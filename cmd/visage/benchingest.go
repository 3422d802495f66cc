package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// ingestBench is what the command was told.
type ingestBench struct {
	*embed.Config
	photos                 string
	rounds, workers, files int
}

func benchIngest(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "ingest", Short: "Measure the ingest beside the bare networks", Args: cobra.NoArgs,
		Long: `Photographs are ingested from files to committed rows, into a database made for the
purpose, and in turn the detector's and the recogniser's networks alone are run on
the very inputs that they got, by as many workers, and by recognisers that take
batches in whole batches. There are at least --files of them, copies of the photographs
that differ in bytes after their end, so that what is done once in a space is a small
part. Speeds are faces per second; names are
ingest.pipeline for photographs of up to a megapixel and ingest.pipeline.large for
larger ones. What the networks were given is held in memory, some 4 MB for each
photograph.`,
		Example: "  visage bench ingest --photos people",
	}
	b := &ingestBench{Config: modelFlags(cmd)}
	asJSON := jsonFlag(cmd.Flags())
	cmd.Flags().StringVar(&b.photos, "photos", "", "folder of photographs")
	cmd.Flags().IntVar(&b.rounds, "rounds", 5, "how often the photographs are ingested")
	cmd.Flags().IntVar(&b.files, "files", 300, "files to ingest at least, copies included")
	cmd.Flags().IntVar(&b.workers, "workers", runtime.GOMAXPROCS(0), "processors to use")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if b.photos == "" || b.rounds < 1 || b.rounds > 1000 || b.files < 1 || b.files > 100_000 || b.workers < 1 || b.workers > maxWorkers {
			return misuse{fmt.Errorf("bench ingest: name a folder by --photos, 1 to 1000 --rounds, 1 to 100000 --files and 1 to %d --workers", maxWorkers)}
		}
		results, err := a.benchIngest(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (a *app) benchIngest(ctx context.Context, b *ingestBench) (results []bench.Result, err error) {
	photos, err := readPhotos(b.photos)
	if err != nil {
		return nil, err
	}
	b.Measured, b.Workers = true, b.workers
	err = a.withEmbedder(*b.Config, func(e *embed.Embedder) error {
		return a.withURL(ctx, func(url string) error {
			small, large, err := sorted(ctx, e, photos)
			if err != nil {
				return err
			}
			for i, some := range [][]recordedPhoto{small, large} {
				if len(some) == 0 {
					continue
				}
				fmt.Fprintf(a.errOut, "measuring %d photographs\n", len(some))
				r, err := b.measure(ctx, e, url, [...]string{"ingest.pipeline", "ingest.pipeline.large"}[i], some)
				if err != nil {
					return err
				}
				results = append(results, r)
			}
			return nil
		})
	})
	return results, err
}

// recordedPhoto is a photograph with what the networks are given for it.
type recordedPhoto struct {
	data   []byte
	replay embed.Replay
}

// sorted records photographs and tells small ones from large ones.
func sorted(ctx context.Context, e *embed.Embedder, photos []namedPhoto) (small, large []recordedPhoto, err error) {
	for _, photo := range photos {
		replay, err := e.Record(ctx, photo.data, face.Prominent)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", photo.path, err)
		}
		if replay.Width*replay.Height > smallPhoto {
			large = append(large, recordedPhoto{photo.data, replay})
		} else {
			small = append(small, recordedPhoto{photo.data, replay})
		}
	}
	return small, large, nil
}

func (b *ingestBench) measure(ctx context.Context, e *embed.Embedder, url, name string, photos []recordedPhoto) (_ bench.Result, err error) {
	dir, err := os.MkdirTemp("", "visage-bench")
	if err != nil {
		return bench.Result{}, face.Wrap(face.Unavailable, err, "no place for the photographs")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copies := (b.files + len(photos) - 1) / len(photos)
	for i, photo := range photos {
		for n := range copies { // bytes after a photograph's end make it another content
			name := filepath.Join(dir, fmt.Sprint(i), fmt.Sprint(n))
			if err := makeFile(name, fmt.Append(slices.Clip(photo.data), n)); err != nil {
				return bench.Result{}, err
			}
		}
	}
	rounds, faces := bench.Rounds{}, 0
	for range b.rounds {
		var report ingest.Report
		err := postgres.WithScratch(ctx, postgres.Config{URL: url}, func(db *postgres.DB) error {
			report, err = ingest.Run(ctx, ingest.Config{
				Root: dir, Space: e.Space(), Detector: e.Detector(), Workers: e.InHand(), Gates: ingest.DefaultGates(),
			}, e, db)
			return err
		})
		if err == nil && report.Faces == 0 {
			err = face.Errorf(face.NoFace, "none of the %d photographs has a face to ingest", len(photos))
		}
		if err != nil {
			return bench.Result{}, err
		}
		faces = report.Faces
		rounds.Values = append(rounds.Values, float64(faces)/report.Seconds)
		if slices.ContainsFunc(photos, func(p recordedPhoto) bool { return p.replay.Empty() }) {
			continue // models that are no networks
		}
		alone, err := b.replay(ctx, embed.Batched(replays(photos, copies)))
		if err != nil {
			return bench.Result{}, err
		}
		rounds.References = append(rounds.References, float64(faces)/alone.Seconds())
	}
	notes := fmt.Sprintf("%d photographs, %d faces, %d workers, %s and %s", len(photos), faces, b.workers, e.Detector(), e.Recognizer())
	return rounds.Result(name, "1/s", "the bare networks on the same inputs, as many workers", notes), nil
}

func replays(photos []recordedPhoto, times int) (out []embed.Replay) {
	for range times {
		for _, photo := range photos {
			out = append(out, photo.replay)
		}
	}
	return out
}

// replay runs the networks alone.
func (b *ingestBench) replay(ctx context.Context, replays []embed.Replay) (time.Duration, error) {
	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.workers)
	for _, r := range replays {
		group.Go(func() error { return r.Run(ctx) })
	}
	err := group.Wait()
	return time.Since(begun), err
}
