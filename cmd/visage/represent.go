package main

import (
	"context"
	"errors"
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
	// Face is what the network was given: rows, columns and channels, in a row.
	// Shape are their numbers.
	Face  []float32 `json:"face,omitempty"`
	Shape []int     `json:"face_shape,omitempty"`
	Model string    `json:"model"`
	Space string    `json:"space"`
}

// representation is what the command was told.
type representation struct {
	*embed.Config
	minMax, unit, face, enforce bool
	json                        *bool
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
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
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
		if _, ok := e.Range(); r.minMax && !ok {
			a.log.Warn("DeepFace knows no range of the model: --minmax-normalize changes nothing", "model", e.Recognizer())
		}
		faces, width, height, err := e.Represent(ctx, data, face.AllFaces)
		if err != nil {
			return aboutPhoto(path, err)
		}
		results := make([]represented, len(faces))
		for i, f := range faces {
			results[i] = represented{
				FacialArea: search.NewFacialArea(f.Detection, width, height),
				Confidence: f.Detection.Confidence, Model: e.Recognizer(),
			}
			results[i].Embedding, results[i].Space = r.finish(e, f.Template)
			if r.face {
				results[i].Face, results[i].Shape = f.Fed, e.FedShape()
			}
		}
		if *r.json {
			return printJSON(a.out, map[string]any{"results": results})
		}
		return a.printRepresented(results)
	})
}

// finish does what DeepFace does after the network. It leaves models alone of
// whose range DeepFace knows nothing. What is changed gets a space of its own, so
// that verify does not take it for a template.
func (r *representation) finish(e *embed.Embedder, t face.Template) (vector []float32, space string) {
	vector, space = t.Vector, t.Space.Name()
	ends, ok := e.Range()
	mapped := ok && r.minMax
	if mapped {
		vector, space = search.MinMax(vector, ends[0], ends[1]), space+"+minmax"
	}
	if r.unit && (mapped || !t.Space.Unit) {
		vector, space = search.UnitLength(vector), space+"+l2"
	}
	return vector, space
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
