package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/vectors"
)

func importCommand(a *app) *cobra.Command {
	return group("import", "Load what other programs made", importVectors(a))
}

// vectorsImport is what the command was told.
type vectorsImport struct {
	vectors.Config
	file, gallery, spaceName string
	newSpace, skipBad        bool
}

func importVectors(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "vectors FILE", Short: "Load ready templates into a gallery", Args: cobra.ExactArgs(1),
		Long: `Import takes templates that were computed elsewhere, of any number, from
  .npy      a float32 or float64 array, a row for each; identities by --ids
  .csv      columns identity, image, embedding ("[0.1,...]"), or v0 to vN for the last
  .jsonl    {"identity":"...","image":"...","embedding":[...]} on each line
  .parquet  columns identity, image, embedding (a list of float or double)

identity and image may be missing. A template is known by its image, or else by
the file's absolute path and its row: what the space has already stays as it is, so that an
import that was cut short goes on when it is run again.

The templates must be of one space, one that is there (visage doctor lists them) or
a new one. Into an empty space they are loaded first and indexed after. At the first
row that cannot be taken the import ends, what was read before stays, and the error
says how much that is; --skip-bad leaves such rows out and names each.`,
		Example: "  visage import vectors faces.npy --ids names.txt --space SFace-native-0ba9fbfa\n" +
			"  visage import vectors faces.parquet --new-space --recognizer Mine --weights $(sha256sum mine.onnx | cut -c1-64) --dim 512 --unit",
	}
	v, asJSON := &vectorsImport{}, jsonFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&v.gallery, "gallery", face.DefaultGallery, "gallery, made if there is none of the name")
	flags.StringVar(&v.spaceName, "space", "", "space of the templates")
	flags.StringVar(&v.IDs, "ids", "", "text file with the identity of each row of an .npy file")
	flags.BoolVar(&v.Normalize, "normalize", false, "scale every template to length 1")
	flags.BoolVar(&v.skipBad, "skip-bad", false, "leave out rows that cannot be taken")
	flags.BoolVar(&v.newSpace, "new-space", false, "make a space, described by the flags below, unless it is there")
	flags.StringVar(&v.Space.Recognizer, "recognizer", "", "what made the templates of a new space")
	flags.StringVar(&v.Space.Weights, "weights", "", "SHA-256 of its weights, 64 hexadecimal digits")
	flags.StringVar((*string)(&v.Space.Profile), "profile", string(face.Native), "how faces were prepared for it: native or deepface")
	flags.IntVar(&v.Space.Dim, "dim", 0, "components of its templates")
	flags.BoolVar(&v.Space.Unit, "unit", false, "its templates have length 1")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		v.file = args[0]
		if err := v.check(); err != nil {
			return misuse{err}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			report, err := a.importVectors(cmd.Context(), db, v)
			if report.Space == "" { // it never began
				return err
			}
			return errors.Join(err, a.printImport(report, *asJSON))
		})
	}
	return cmd
}

// check finds what is wrong with the flags.
func (v *vectorsImport) check() error {
	switch s := v.Space; {
	case v.gallery == "":
		return errors.New("import vectors: name a gallery by --gallery")
	case (v.spaceName == "") != v.newSpace:
		return errors.New("import vectors: name the templates' space by --space, or describe a new one by --new-space")
	case v.newSpace && (s.Recognizer == "" || len(s.Weights) != 64 || s.Dim < 1):
		return errors.New("import vectors: --new-space needs --recognizer, --weights and --dim")
	case s.Profile != face.Native && s.Profile != face.DeepFace:
		return fmt.Errorf("import vectors: --profile %q: use %s or %s", s.Profile, face.Native, face.DeepFace)
	default:
		return nil
	}
}

// importReport is what an import did, also one that was cut short.
type importReport struct {
	File    string  `json:"file"`
	Gallery string  `json:"gallery"`
	Space   string  `json:"space"`
	Rows    int     `json:"rows"`    // that were read and are in the database now
	Added   int     `json:"added"`   // of them, those that it did not have
	Present int     `json:"present"` // and those whose image had a template already
	Bad     int     `json:"bad"`     // rows left out
	Seconds float64 `json:"seconds"` // without the index
	// Indexed says whether the index was built after the rows; it took
	// IndexSeconds.
	Indexed       bool                `json:"indexed"`
	IndexSeconds  float64             `json:"index_seconds"`
	RowsPerSecond float64             `json:"rows_per_second"`
	Size          *postgres.SpaceSize `json:"size,omitempty"` // missing where the import was cut short
}

func (a *app) importVectors(ctx context.Context, db *postgres.DB, v *vectorsImport) (r importReport, err error) {
	if !v.newSpace {
		if v.Space, err = db.Space(ctx, v.spaceName); err != nil {
			return r, err
		}
	}
	if v.skipBad {
		v.Skip = func(err error) {
			r.Bad++
			fmt.Fprintln(a.errOut, plain(explain(err)))
		}
	}
	from, err := vectors.Open(v.file, v.Config)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	im, err := db.BeginImport(ctx, v.gallery, v.Space)
	if err != nil {
		return r, err
	}
	r.File, r.Gallery, r.Space = face.Readable(filepath.Base(v.file)), v.gallery, v.Space.Name()
	if err := a.importRows(ctx, from, im, v.Space.Dim, &r); err != nil {
		return r, fmt.Errorf("%w\n%d rows are in the gallery by now: run the import again to go on", err, r.Rows)
	}
	if err := a.buildIndex(ctx, im, &r); err != nil {
		return r, fmt.Errorf("%w\nall rows are in the gallery, but the space has no index, and is searched exactly until the import is run again", err)
	}
	size, err := db.SpaceSize(ctx, v.Space)
	r.Size = &size
	return r, err
}

func (a *app) importRows(ctx context.Context, from templates, im *postgres.Import, dim int, r *importReport) error {
	began, bar := time.Now(), newBar(a.errOut, "templates")
	err := importAll(ctx, from, dim, im, func(rows, added int) {
		r.Rows, r.Added, r.Present = r.Rows+rows, r.Added+added, r.Present+rows-added
		bar.show(r.Rows, max(r.Rows, from.Total()), "templates")
	})
	r.Seconds = time.Since(began).Seconds()
	r.RowsPerSecond = float64(r.Rows) / r.Seconds
	return errors.Join(err, bar.close())
}

func (a *app) buildIndex(ctx context.Context, im *postgres.Import, r *importReport) error {
	began, bar := time.Now(), newBar(a.errOut, "blocks")
	built, err := im.Finish(ctx, func(done, total int64) { bar.show(int(done), int(total), "index") })
	if r.Indexed = built; built {
		r.IndexSeconds = time.Since(began).Seconds()
	}
	return errors.Join(err, bar.close())
}

func (a *app) printImport(r importReport, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, r)
	}
	fmt.Fprintf(a.out, "%d rows: %d added, %d present already, %d left out, in %.1f s (%.0f per second) into gallery %s, space %s\n",
		r.Rows, r.Added, r.Present, r.Bad, r.Seconds, r.RowsPerSecond, plain(r.Gallery), plain(r.Space))
	if r.Indexed {
		fmt.Fprintf(a.out, "index built in %.1f s\n", r.IndexSeconds)
	}
	if r.Size != nil {
		printSize(a.out, *r.Size)
	}
	return nil
}

// printSize says what a template of a space takes on disk.
func printSize(w io.Writer, s postgres.SpaceSize) {
	n := float64(cmp.Or(s.Templates, 1))
	fmt.Fprintf(w, "%d templates, each %.0f bytes on disk in the table, %.0f in the index, %.0f in keys\n",
		s.Templates, float64(s.Table)/n, float64(s.Index)/n, float64(s.Keys)/n)
}
