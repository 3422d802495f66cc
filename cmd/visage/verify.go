package main

import (
	"context"
	"errors"
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
	spoofs := spoofFlags(cmd.Flags(), search.RejectSpoofs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := spoofs.open(m); err != nil {
			return err
		}
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			begun := time.Now()
			metric, threshold, err := limit.of(cmd, e)
			if err != nil {
				return err
			}
			photos, without, err := bothFaces(cmd.Context(), spoofs.of(e, *m), args, spoofs)
			if err != nil {
				return err
			}
			answer, err := search.Verify(photos[0], photos[1], search.VerifyOptions{
				Metric: metric, Threshold: threshold, Detector: e.Detector(), AllPairs: *pairs,
			})
			if err != nil {
				return err
			}
			answer.Spoofs = without
			answer.Time = math.Round(time.Since(begun).Seconds()*100) / 100
			if *asJSON {
				return printJSON(a.out, answer)
			}
			return a.printVerification(answer)
		})
	}
	return cmd
}

// bothFaces are the faces of two photographs that count, and those that do not. At
// least one must be a photograph where faces are to be told from pictures of faces.
func bothFaces(ctx context.Context, e *embed.Embedder, paths []string, spoofs *spoofing) (photos [2]face.Photo, without []search.Spoof, err error) {
	templates := 0
	for i, path := range paths {
		all, found, err := facesOf(ctx, e, path)
		if err != nil {
			return photos, nil, err
		}
		left, spoofed, err := spoofs.policy.Sift(fmt.Sprintf("img%d", i+1), all)
		if err != nil {
			return photos, nil, aboutPhoto(path, err)
		}
		photos[i], without = left, append(without, spoofed...)
		if found {
			templates++
		}
	}
	if templates == len(photos) && spoofs.asked {
		return photos, nil, misuse{errors.New("verify: --anti-spoofing: nobody can say of a template whether its face was live: give at least one photograph")}
	}
	return photos, without, nil
}

// facesOf gives the faces of a photograph, or the templates that a file holds, and
// says whether it held some.
func facesOf(ctx context.Context, e *embed.Embedder, path string) (photo face.Photo, found bool, err error) {
	data, err := readPhoto(ctx, path)
	if err != nil {
		return face.Photo{}, false, err
	}
	photo, found, err = readTemplates(data, e.Space())
	if err == nil && !found {
		photo, err = e.Embed(ctx, data, face.AllFaces)
	}
	if err != nil {
		return face.Photo{}, false, aboutPhoto(path, err)
	}
	return photo, found, nil
}

func (a *app) printVerification(v search.Verification) error {
	word := "different people"
	if v.Verified {
		word = "the same person"
	}
	_, err := fmt.Fprintf(a.out, "%s: %s distance %.4f, threshold %.4f (%s), confidence %.1f (%s, %s)\n",
		word, v.Metric, v.Distance, v.Threshold, v.ThresholdSource, v.Confidence, v.Model, v.Detector)
	if l := v.Liveness; l != nil && err == nil {
		_, err = fmt.Fprintf(a.out, "face of A%s\nface of B%s\n", liveText(l.Img1), liveText(l.Img2))
	}
	if err = errors.Join(err, a.printSpoofs(v.Spoofs)); len(v.Pairs) == 0 || err != nil {
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
