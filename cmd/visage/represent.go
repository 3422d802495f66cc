package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/search"
)

// representation is what the command was told.
type representation struct {
	*embed.Config
	minMax, unit, face, enforce bool
	json                        *bool
	spoofs                      *spoofing
}

func representCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "represent IMAGE", Short: "Print the template of every face in a photograph", Args: cobra.ExactArgs(1),
		Long: `Represent prints the template of every face as it is stored and searched. With
--minmax-normalize and --l2-normalize, in this order, it prints what DeepFace makes
of it; such numbers are for other programs and compare with no template.
` + imageHelp,
		Example: "  visage represent somebody.jpg --json\n  visage represent group.jpg --model Facenet512 --max-faces 3 --l2-normalize",
	}
	r := &representation{Config: modelFlags(cmd), json: jsonFlag(cmd.Flags())}
	flags := cmd.Flags()
	flags.IntVar(&r.MaxFaces, "max-faces", 0, "keep so many faces, those with the largest boxes; default all")
	flags.BoolVar(&r.minMax, "minmax-normalize", false, "bring components to 0 to 1, by the range that DeepFace knows of the model")
	flags.BoolVar(&r.unit, "l2-normalize", false, "bring templates to length 1")
	flags.BoolVar(&r.face, "return-face", false, "add what the network was given, with --json")
	flags.BoolVar(&r.enforce, "enforce-detection", true, "fail where there is no face; =false takes the whole photograph for one")
	r.spoofs = spoofFlags(flags, search.RejectSpoofs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := r.spoofs.open(r.Config); err != nil {
			return err
		}
		if r.face && !*r.json {
			return misuse{errors.New("represent: --return-face needs --json")}
		}
		return a.represent(cmd.Context(), args[0], r)
	}
	return cmd
}

func (a *app) represent(ctx context.Context, path string, r *representation) error {
	data, err := readPhoto(ctx, path)
	if err != nil {
		return err
	}
	r.Anyway = !r.enforce
	return a.withEmbedder(*r.Config, func(e *embed.Embedder) error {
		options := search.RepresentOptions{Unit: r.unit, Detector: e.Detector()}
		switch ends, ok := e.Range(); {
		case r.minMax && ok:
			options.MinMax = &ends
		case r.minMax:
			a.log.Warn("DeepFace knows no range of the model: --minmax-normalize changes nothing", "model", e.Recognizer())
		}
		faces, fed, err := served{e}.FacesFed(ctx, data, httpapi.Wanted{MaxFaces: r.MaxFaces, Anyway: r.Anyway, Liveness: r.spoofs.asked})
		if err != nil {
			return aboutPhoto(path, err)
		}
		results := search.Represent(faces, options)
		if r.face {
			for i := range results {
				results[i].Face, results[i].Shape = fed.Values[i], fed.Shape
			}
		}
		_, spoofs, err := r.spoofs.policy.Sift("", faces)
		if err != nil {
			return aboutPhoto(path, err)
		}
		results = slices.DeleteFunc(results, func(one search.Representation) bool { return r.spoofs.policy.LeavesOut(one.Liveness) })
		if *r.json {
			return printJSON(a.out, withSpoofs(results, spoofs))
		}
		return errors.Join(a.printRepresented(results), a.printSpoofs(spoofs))
	})
}

// printRepresented prints a line per face: its box, and the template as pgvector
// reads it.
func (a *app) printRepresented(results []search.Representation) error {
	for i, r := range results {
		fmt.Fprintf(a.out, "face %d at %d,%d, %dx%d pixels, confidence %.2f, space %s%s\n[", i+1,
			r.FacialArea.X, r.FacialArea.Y, r.FacialArea.W, r.FacialArea.H, r.Confidence, r.Space, liveText(r.Liveness))
		for k, v := range r.Embedding {
			if k > 0 {
				fmt.Fprint(a.out, ",")
			}
			fmt.Fprintf(a.out, "%g", v)
		}
		if _, err := fmt.Fprintln(a.out, "]"); err != nil {
			return err
		}
	}
	return nil
}
