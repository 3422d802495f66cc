package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func verifyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify A B", Short: "Say whether two photographs show the same person", Args: cobra.ExactArgs(2),
		Long: `Verify compares every face of A with every face of B; the closest pair counts.
Instead of a photograph, either may be a file with a template: a JSON list of
numbers, or what visage represent --json prints.
` + imageHelp,
		Example: "  visage verify passport.jpg camera.jpg\n  visage verify group.jpg somebody.jpg --pairs --json",
	}
	m, asJSON, limit := modelFlags(cmd), jsonFlag(cmd.Flags()), limitFlags(cmd)
	pairs := cmd.Flags().Bool("pairs", false, "show all pairs of faces, not only the closest")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			begun := time.Now()
			metric, threshold, err := limit.of(cmd, e)
			if err != nil {
				return err
			}
			var photos [2]face.Photo
			for i, path := range args {
				if photos[i], err = facesOf(cmd.Context(), e, path); err != nil {
					return err
				}
			}
			answer, err := search.Verify(photos[0], photos[1], search.VerifyOptions{
				Metric: metric, Threshold: threshold, Detector: e.Detector(), AllPairs: *pairs,
			})
			if err != nil {
				return err
			}
			answer.Time = math.Round(time.Since(begun).Seconds()*100) / 100
			if *asJSON {
				return printJSON(a.out, answer)
			}
			return a.printVerification(answer)
		})
	}
	return cmd
}

// facesOf gives the faces of a photograph, or the templates that a file
// holds.
func facesOf(ctx context.Context, e *embed.Embedder, path string) (face.Photo, error) {
	data, err := readPhoto(ctx, path)
	if err != nil {
		return face.Photo{}, err
	}
	photo, found, err := readTemplates(data, e.Space())
	if err == nil && !found {
		photo, err = e.Embed(ctx, data, face.AllFaces)
	}
	if err != nil {
		return face.Photo{}, aboutPhoto(path, err)
	}
	return photo, nil
}

func (a *app) printVerification(v search.Verification) error {
	word := "different people"
	if v.Verified {
		word = "the same person"
	}
	_, err := fmt.Fprintf(a.out, "%s: %s distance %.4f, threshold %.4f (%s), confidence %.1f (%s, %s)\n",
		word, v.Metric, v.Distance, v.Threshold, v.ThresholdSource, v.Confidence, v.Model, v.Detector)
	if len(v.Pairs) == 0 || err != nil {
		return err
	}
	rows := make([][]string, len(v.Pairs))
	for i, p := range v.Pairs {
		rows[i] = []string{
			strconv.Itoa(p.Face1 + 1), strconv.Itoa(p.Face2 + 1), strconv.FormatFloat(p.Distance, 'f', 4, 64),
			strconv.FormatFloat(p.Confidence, 'f', 1, 64), strconv.FormatBool(p.Verified),
		}
	}
	return printTable(a.out, []string{"face of A", "face of B", "distance", "confidence", "verified"}, rows)
}
