package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/vectors"
)

func exportCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Write a gallery's templates to a file", Args: cobra.NoArgs,
		Long: `Export writes the templates of a gallery in one space as .npy, .csv, .jsonl or
.parquet, as the file's name ends, in the form that import vectors reads. Beside an
.npy file goes the list of its identities: faces.ids.txt for faces.npy. The file
has its name only when it is complete.`,
		Example: "  visage export --gallery staff --space SFace-native-0ba9fbfa --out staff.parquet",
	}
	asJSON := jsonFlag(cmd.Flags())
	gallery := cmd.Flags().String("gallery", face.DefaultGallery, "gallery")
	space := cmd.Flags().String("space", "", "space of the templates; visage doctor lists them")
	out := cmd.Flags().String("out", "", "file to write")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *space == "" || *out == "" || *gallery == "" {
			return misuse{errors.New("export: name the space by --space and the file by --out")}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			rows, err := a.export(cmd.Context(), db, *gallery, *space, *out)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"file": *out, "gallery": *gallery, "space": *space, "rows": rows})
			}
			more := ""
			if filepath.Ext(*out) == ".npy" {
				more = ", their identities in " + plain(vectors.IDsPath(*out))
			}
			_, err = fmt.Fprintf(a.out, "%d templates in %s%s\n", rows, plain(*out), more)
			return err
		})
	}
	return cmd
}

func (a *app) export(ctx context.Context, db *postgres.DB, gallery, spaceName, path string) (rows int, err error) {
	space, err := db.Space(ctx, spaceName)
	if err != nil {
		return 0, err
	}
	w, err := vectors.Create(path, space.Dim)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	bar := newBar(a.errOut, "templates")
	err = db.Export(ctx, gallery, space, func(r face.Record) error {
		rows++
		bar.show(rows, rows, "templates")
		return w.Write(r)
	})
	if err = errors.Join(err, bar.close()); err != nil {
		return rows, err
	}
	return rows, w.Finish()
}
