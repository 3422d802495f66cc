package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

func indexBuild(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "build", Short: "Build an index of a space", Args: cobra.NoArgs,
		Long: `Builds the index while the space can be searched and added to. What a build left
that was cut short is removed first. A space that has its index already is left as it is:
drop it first to build it with other settings.`,
		Example: "  visage index build --space SFace-native-0ba9fbfa\n" +
			"  visage index build --space Facenet-deepface-opencv-6d0e3e0c --metric euclidean --memory 2GB",
	}
	f, asJSON := buildFlags(cmd), jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.needSpace(cmd); err != nil {
			return err
		}
		return a.withSpace(cmd, f.space, func(db *postgres.DB, space face.Space) error {
			bar := newBar(a.errOut, "blocks").withLines(a.errOut, lineEvery)
			b, err := db.BuildIndex(cmd.Context(), space, f.settings, func(p postgres.IndexProgress) {
				bar.show(int(p.Done), int(p.Total), p.Phase)
			})
			if err = errors.Join(err, bar.close()); err != nil {
				return err
			}
			return a.printBuild(b, *asJSON)
		})
	}
	return cmd
}

func (a *app) printBuild(b postgres.IndexBuild, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, b)
	}
	for _, note := range b.Notes {
		fmt.Fprintln(a.out, "note: "+note)
	}
	if !b.Built {
		_, err := fmt.Fprintf(a.out, "space %s has the index %s already, %s\n", plain(b.Space), b.Name, bytesText(b.Bytes))
		return err
	}
	if b.Dropped {
		fmt.Fprintf(a.out, "an unusable index %s, left by a build that was cut short, was removed first\n", b.Name)
	}
	_, err := fmt.Fprintf(a.out, "index %s of space %s for %s built in %.1f s: %s, m %d, ef_construction %d, %d parallel workers allowed\n",
		b.Name, plain(b.Space), b.Metric, b.Seconds, bytesText(b.Bytes), b.M, b.EfConstruction, b.Workers)
	return err
}

// bytesText writes a number of bytes for people, in units of 1,000.
func bytesText(bytes int64) string {
	switch {
	case bytes < 1e6:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	case bytes < 1e9:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	default:
		return fmt.Sprintf("%.2f GB", float64(bytes)/1e9)
	}
}
