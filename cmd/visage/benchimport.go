package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/vectors"
)

// importBench is what the command was told.
type importBench struct {
	rows, dim, rounds int
	index             bool
}

func benchImport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "import", Short: "Measure the import of templates beside Postgres's own COPY", Args: cobra.NoArgs,
		Long: `Random templates, four to an identity, are imported from an .npy file into a
database made for the purpose, and in turn the very rows that this left in the
tables are loaded into the same tables, empty again, by COPY FROM STDIN BINARY.
Speeds are templates per second, without the index, whose build follows either.
With --index the indexes are built, and what a template takes on disk is compared
with the table and the index that DeepFace's pgvector backend makes of the same
templates (ingest.size, which is better below the reference).`,
		Example: "  visage bench import --rows 100000 --dim 512 --index",
	}
	b, asJSON := &importBench{}, jsonFlag(cmd.Flags())
	cmd.Flags().IntVar(&b.rows, "rows", 100_000, "templates")
	cmd.Flags().IntVar(&b.dim, "dim", 512, "components of a template")
	cmd.Flags().IntVar(&b.rounds, "rounds", 5, "how often both ways are measured")
	cmd.Flags().BoolVar(&b.index, "index", false, "build the indexes and measure bytes on disk, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if b.rows < 1 || b.dim < 1 || b.dim > 16000 || b.rounds < 1 || b.rounds > 1000 {
			return misuse{errors.New("bench import: use at least 1 --rows, 1 to 16000 --dim and 1 to 1000 --rounds")}
		}
		results, err := a.benchImport(cmd.Context(), b)
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (a *app) benchImport(ctx context.Context, b *importBench) (results []bench.Result, err error) {
	dir, err := os.MkdirTemp("", "visage-bench")
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "no place for the templates")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file, space := filepath.Join(dir, "bench.npy"), b.space()
	if err := b.write(file, space); err != nil {
		return nil, err
	}
	err = a.withURL(ctx, func(url string) error {
		return postgres.WithScratch(ctx, postgres.Config{URL: url}, func(db *postgres.DB) error {
			speed, err := b.measure(ctx, db, space, file)
			results = append(results, speed)
			if err != nil || !b.index {
				return err
			}
			fmt.Fprintln(a.errOut, "building the indexes")
			size, err := b.measureSize(ctx, db, space)
			results = append(results, size)
			return err
		})
	})
	return results, err
}

// measureSize is what a template takes on disk.
func (b *importBench) measureSize(ctx context.Context, db *postgres.DB, space face.Space) (bench.Result, error) {
	ours, theirs, err := db.MeasureDiskUse(ctx, space)
	if err != nil {
		return bench.Result{}, err
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(ours.Templates) }
	notes := fmt.Sprintf("%d templates of %d dimensions: tables %.0f, keys %.0f, HNSW %.0f bytes each; DeepFace's, without the pixels of faces that it stores: %.0f, %.0f, %.0f",
		ours.Templates, b.dim, each(ours.Tables), each(ours.Keys), each(ours.Index), each(theirs.Tables), each(theirs.Keys), each(theirs.Index))
	r := bench.Rounds{Values: []float64{each(ours.Total())}, References: []float64{each(theirs.Total())}}
	return r.Result("ingest.size", "bytes", "the same templates in the table and the HNSW index of DeepFace's pgvector backend", notes), nil
}

func (b *importBench) space() face.Space {
	weights := fmt.Sprintf("%x", sha256.Sum256([]byte("bench")))
	return face.Space{Recognizer: "bench", Weights: weights, Profile: face.Native, Dim: b.dim, Unit: true}
}

// write makes a file of random directions.
func (b *importBench) write(path string, space face.Space) (err error) {
	w, err := vectors.Create(path, b.dim)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	source := rand.New(rand.NewPCG(1, 2))
	r := face.Record{Vector: make([]float32, space.Dim)}
	for i := range b.rows {
		sum := 0.0
		for j := range r.Vector {
			r.Vector[j] = float32(source.NormFloat64())
			sum += float64(r.Vector[j]) * float64(r.Vector[j])
		}
		for j := range r.Vector {
			r.Vector[j] /= float32(math.Sqrt(sum))
		}
		r.Identity = fmt.Sprintf("person-%d", i/4)
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Finish()
}

func (b *importBench) measure(ctx context.Context, db *postgres.DB, space face.Space, file string) (bench.Result, error) {
	load := func(im *postgres.Import) (err error) {
		from, err := vectors.Open(file, vectors.Config{Space: space, IDs: vectors.IDsPath(file)})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, from.Close()) }()
		return importAll(ctx, from, space.Dim, im, func(int, int) {})
	}
	measured, err := db.MeasureImport(ctx, space, filepath.Dir(file), b.rounds, load)
	if err != nil {
		return bench.Result{}, err
	}
	r := bench.Rounds{}
	for _, m := range measured {
		r.Values = append(r.Values, float64(b.rows)/m.Import.Seconds())
		r.References = append(r.References, float64(b.rows)/m.Copy.Seconds())
	}
	size, err := db.SpaceSize(ctx, space)
	if err != nil {
		return bench.Result{}, err
	}
	notes := fmt.Sprintf("%d templates of %d dimensions, %.0f bytes each on disk in the table and %.0f in its keys",
		b.rows, b.dim, float64(size.Table)/float64(b.rows), float64(size.Keys)/float64(b.rows))
	return r.Result("ingest.import", "1/s", "COPY FROM STDIN BINARY of the same rows into the same tables", notes), nil
}
