package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/synthetic"
)

// galleryBench is what the command was told.
type galleryBench struct {
	synthetic.Config
	gallery, space          string
	identities, perIdentity int
	bare                    bool // is left without an index
}

func benchGallery(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "gallery", Short: "Load a gallery of made-up templates with a real model's statistics", Args: cobra.NoArgs,
		Long: `Makes templates by chance, by a seed, that are as alike as a real model's: those of
one person have cosines of --genuine-mean and --genuine-sd, those of different people
cosines about 0 with a deviation of 1/sqrt(--effective-dim). They are loaded into
a gallery of the database, in a space of their own that is named for its settings, or
in --space, and indexed; a second run adds what is missing. Speeds are templates per second (gallery.load,
gallery.index).

Measured on 7,701 photographs of LFW:
  model                dim  effective  genuine mean, sd
  Buffalo_S (w600k)    512        213    0.605    0.119
  EdgeFace_XS          512        167    0.645    0.126
  MobileFaceNet        128         95    0.660    0.126`,
		Example: "  visage bench gallery --identities 250000 --per-identity 4 --gallery million\n" +
			"  visage gallery delete million",
	}
	b, asJSON := &galleryBench{}, jsonFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.IntVar(&b.identities, "identities", 25_000, "people")
	flags.IntVar(&b.perIdentity, "per-identity", 4, "templates of each")
	flags.IntVar(&b.Dim, "dim", 512, "components of a template")
	flags.Float64Var(&b.EffectiveDim, "effective-dim", 190, "in how many dimensions templates really differ")
	flags.Float64Var(&b.GenuineMean, "genuine-mean", 0.62, "mean cosine of two templates of one person")
	flags.Float64Var(&b.GenuineSD, "genuine-sd", 0.12, "and its standard deviation")
	flags.BoolVar(&b.NonNegative, "non-negative", false, "set negative components to zero, as VGG-Face and DeepFace have them")
	flags.Uint64Var(&b.Seed, "seed", 1, "another seed gives other people")
	flags.StringVar(&b.gallery, "gallery", "synthetic", "gallery, made if there is none of the name")
	flags.StringVar(&b.space, "space", "", "load into this space; default one named for the settings")
	flags.BoolVar(&b.bare, "no-index", false, "build no index of a space that had no template before, as for searches in memory; visage index build does it later")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if b.identities < 1 || b.perIdentity < 1 || b.gallery == "" {
			return misuse{errors.New("bench gallery: use at least 1 of --identities and --per-identity, and name a --gallery")}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			results, err := a.benchGallery(cmd.Context(), db, b)
			if err != nil {
				return err
			}
			return a.printBench(results, *asJSON)
		})
	}
	return cmd
}

func (a *app) benchGallery(ctx context.Context, db *postgres.DB, b *galleryBench) ([]bench.Result, error) {
	people, err := synthetic.New(b.Config)
	if err != nil {
		return nil, err
	}
	space, err := b.in(ctx, db)
	if err != nil {
		return nil, err
	}
	im, err := db.BeginImport(ctx, b.gallery, space)
	if err != nil {
		return nil, err
	}
	var r importReport
	from := &madeUp{bench: b, people: people}
	if err := a.importRows(ctx, from, im, space.Dim, &r); err != nil {
		return nil, err
	}
	if !b.bare {
		if err := a.buildIndex(ctx, im, &r); err != nil {
			return nil, err
		}
	}
	notes := fmt.Sprintf("%d templates of %d dimensions, %d of them new, in gallery %s, space %s", r.Rows, space.Dim, r.Added, b.gallery, space.Name())
	results := []bench.Result{bench.Rounds{Values: []float64{r.RowsPerSecond}}.Result("gallery.load", "1/s", "", notes)}
	if r.Indexed {
		results = append(results, bench.Rounds{Values: []float64{float64(r.Rows) / r.IndexSeconds}}.Result("gallery.index", "1/s", "", ""))
	}
	return results, nil
}

// in is the space of the templates.
func (b *galleryBench) in(ctx context.Context, db *postgres.DB) (face.Space, error) {
	if b.space == "" {
		settings := fmt.Sprintf("%d %g %g %g %t", b.Dim, b.EffectiveDim, b.GenuineMean, b.GenuineSD, b.NonNegative)
		weights := fmt.Sprintf("%x", sha256.Sum256([]byte(settings)))
		return face.Space{Recognizer: "synthetic", Weights: weights, Profile: face.Native, Dim: b.Dim, Unit: true}, nil
	}
	space, err := db.Space(ctx, b.space)
	if err == nil && space.Dim != b.Dim {
		err = face.Errorf(face.Mismatch, "space %s has %d dimensions: use --dim %d", b.space, space.Dim, space.Dim)
	}
	return space, err
}

// madeUp reads templates that are made on the way.
type madeUp struct {
	bench  *galleryBench
	people *synthetic.Gallery
	next   int
}

// Total is how many there are.
func (m *madeUp) Total() int { return m.bench.identities * m.bench.perIdentity }

func (m *madeUp) Read() (face.Record, error) {
	if m.next == m.Total() {
		return face.Record{}, io.EOF
	}
	person, photograph := m.next/m.bench.perIdentity, m.next%m.bench.perIdentity
	m.next++
	name := fmt.Sprintf("s%d-p%d", m.bench.Seed, person)
	return face.Record{
		Identity: name, Image: fmt.Sprintf("synthetic/%s/%d", name, photograph), Vector: m.people.Template(person, photograph),
	}, nil
}
