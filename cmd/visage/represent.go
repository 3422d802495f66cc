package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// represented is one face as DeepFace's represent answers it.
type represented struct {
	Embedding  []float32         `json:"embedding"`
	FacialArea search.FacialArea `json:"facial_area"`
	Confidence float32           `json:"face_confidence"`
	Space      string            `json:"space"`
}

func representCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "represent IMAGE", Short: "Print the template of every face in a photograph", Args: cobra.ExactArgs(1),
		Long:    "Represent finds the faces of a photograph and prints their templates.\n" + imageHelp,
		Example: "  visage represent somebody.jpg --json",
	}
	m, asJSON := modelFlags(cmd), jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		data, err := readPhoto(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			photo, err := e.Embed(cmd.Context(), data, face.AllFaces)
			if err != nil {
				return aboutPhoto(args[0], err)
			}
			results := make([]represented, len(photo.Templates))
			for i, t := range photo.Templates {
				results[i] = represented{t.Vector, search.NewFacialArea(t.Detection, photo.Width, photo.Height), t.Detection.Confidence, t.Space.Name()}
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"results": results})
			}
			return a.printRepresented(results)
		})
	}
	return cmd
}

// printRepresented prints a line per face: its box, and the template as pgvector
// reads it.
func (a *app) printRepresented(results []represented) error {
	for i, r := range results {
		fmt.Fprintf(a.out, "face %d at %d,%d, %d x %d pixels, confidence %.2f, space %s\n[", i+1,
			r.FacialArea.X, r.FacialArea.Y, r.FacialArea.W, r.FacialArea.H, r.Confidence, r.Space)
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
