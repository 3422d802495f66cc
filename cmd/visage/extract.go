package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// extracted is one face as DeepFace's extract_faces answers it, with the file
// that holds its crop instead of the pixels.
type extracted struct {
	FacialArea search.FacialArea `json:"facial_area"`
	Confidence float32           `json:"confidence"`
	File       string            `json:"file"`
}

func extractCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "extract IMAGE", Short: "Cut the faces out of a photograph, aligned", Args: cobra.ExactArgs(1),
		Example: "  visage extract group.jpg --out faces",
	}
	asJSON := jsonFlag(cmd.Flags())
	detector := cmd.Flags().String("detector", "", "detector; default the best installed")
	dir := cmd.Flags().String("out", ".", "folder for the crops, PNG, made if it is not there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		data, err := readPhoto(args[0])
		if err != nil {
			return err
		}
		return a.withEmbedder(models{detector: *detector, recognizer: embed.NoRecognizer}, func(e *embed.Embedder) error {
			crops, size, err := e.Extract(cmd.Context(), data, face.AllFaces)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			results := make([]extracted, len(crops))
			for i, c := range crops {
				file, err := writeCrop(*dir, args[0], i, c.PNG)
				if err != nil {
					return err
				}
				results[i] = extracted{search.NewFacialArea(c.Detection, size.X, size.Y), c.Detection.Confidence, file}
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"results": results})
			}
			for _, r := range results {
				fmt.Fprintln(a.out, r.File)
			}
			return nil
		})
	}
	return cmd
}

func writeCrop(dir, photo string, i int, png []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", face.Wrap(face.Unavailable, err, "folder for the crops")
	}
	name := strings.TrimSuffix(filepath.Base(photo), filepath.Ext(photo))
	file := filepath.Join(dir, fmt.Sprintf("%s-face%d.png", name, i+1))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		return "", face.Wrap(face.Unavailable, err, "write a crop")
	}
	return file, nil
}
