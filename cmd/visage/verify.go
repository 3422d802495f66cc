package main

import (
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func verifyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify A B", Short: "Say whether two photographs show the same person", Args: cobra.ExactArgs(2),
		Long:    "Verify compares every face of A with every face of B; the closest pair counts.\n" + imageHelp,
		Example: "  visage verify passport.jpg camera.jpg",
	}
	m, asJSON, limit := modelFlags(cmd), jsonFlag(cmd.Flags()), limitFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			begun := time.Now()
			metric, threshold, err := limit.of(cmd, e)
			if err != nil {
				return err
			}
			var photos [2]face.Photo
			for i, name := range args {
				data, err := readPhoto(cmd.Context(), name)
				if err != nil {
					return err
				}
				if photos[i], err = e.Embed(cmd.Context(), data, face.AllFaces); err != nil {
					return aboutPhoto(name, err)
				}
			}
			answer, err := search.Verify(photos[0], photos[1], search.VerifyOptions{
				Metric: metric, Threshold: threshold, Detector: e.Detector(),
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

func (a *app) printVerification(v search.Verification) error {
	word := "different people"
	if v.Verified {
		word = "the same person"
	}
	_, err := fmt.Fprintf(a.out, "%s: %s distance %.4f, threshold %.4f, confidence %.1f (%s, %s)\n",
		word, v.Metric, v.Distance, v.Threshold, v.Confidence, v.Model, v.Detector)
	return err
}
