package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/search"
)

// extracted is one face as DeepFace's extract_faces answers it, with the file
// that holds its crop instead of the pixels.
type extracted struct {
	FacialArea search.FacialArea  `json:"facial_area"`
	Confidence float32            `json:"confidence"`
	File       string             `json:"file"`
	Alignment  *httpapi.Alignment `json:"alignment"` // null where the crop was not aligned onto a template
	Quality    face.Quality       `json:"quality"`
	// IsReal and AntispoofScore are null where they were not asked for.
	IsReal         *bool    `json:"is_real"`
	AntispoofScore *float64 `json:"antispoof_score"`
	// Landmarks are the points of --landmarks, x and y in the photograph's pixels.
	Landmarks [][2]float32 `json:"landmarks,omitempty"`
}

// alignmentOf tells how a face lay on the template; nil where it lay on none.
func alignmentOf(p *align.Placement) *httpapi.Alignment {
	if p == nil {
		return nil
	}
	return &httpapi.Alignment{Residual: p.Residual, Scale: p.Scale, Roll: p.Roll}
}

// extraction is what the command was told.
type extraction struct {
	embed.Config
	dir, draw string
	json      *bool
	spoofs    *spoofing
}

func extractCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "extract IMAGE", Short: "Cut the faces out of a photograph, aligned", Args: cobra.ExactArgs(1),
		Long: `Extract writes each face as a PNG of 112x112 pixels, aligned as for recognition.
With --no-align it is the detector's box as it is; with --profile deepface it is
what DeepFace's extract_faces cuts out: a box, turned until the eyes are level. With
--json each face has its quality: a score from 0 to 1, its parts and what spoils it.
With --landmarks 68 it has 68 points, too (jaw 0 to 16, brows to 26, nose to 35, eyes to
47, mouth to 67; iBUG's 300-W), and --draw draws them.
` + imageHelp,
		Example: "  visage extract group.jpg --out faces\n  visage extract group.jpg --out faces --draw seen.jpg\n  visage extract group.jpg --out faces --landmarks 68 --json",
	}
	x := &extraction{Config: embed.Config{Recognizer: embed.NoRecognizer}, json: jsonFlag(cmd.Flags())}
	profileFlags(cmd, &x.Config)
	detectionFlags(cmd, &x.Config)
	flags := cmd.Flags()
	flags.StringVar(&x.dir, "out", ".", "folder for the crops, PNG, made if it is not there")
	flags.StringVar(&x.draw, "draw", "", "file for the photograph with boxes and landmarks drawn, .png or .jpg")
	x.spoofs = spoofFlags(flags, search.FlagSpoofs)
	flags.StringVar(&x.Landmarks, "landmarks", "", "68 for as many points of each face by the best model installed, or the name of a model; default none")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := x.spoofs.open(&x.Config); err != nil {
			return err
		}
		if x.Landmarks == "68" {
			x.Landmarks = embed.Auto
		}
		if x.draw != "" {
			if _, err := encoderOf(x.draw); err != nil {
				return err
			}
		}
		return a.extract(cmd.Context(), args[0], x)
	}
	return cmd
}

func (a *app) extract(ctx context.Context, name string, x *extraction) error {
	data, err := readPhoto(ctx, name)
	if err != nil {
		return err
	}
	if same(name, x.draw) {
		return misuse{fmt.Errorf("extract: %s is the photograph itself: name another file by --draw", x.draw)}
	}
	return a.withEmbedder(x.Config, func(e *embed.Embedder) error {
		crops, width, height, err := x.spoofs.of(e, x.Config).Extract(ctx, data, face.AllFaces)
		if err != nil {
			return aboutPhoto(name, err)
		}
		_, spoofs, err := x.spoofs.policy.Sift("", extractedFaces(crops, width, height))
		if err != nil {
			return aboutPhoto(name, err)
		}
		crops = slices.DeleteFunc(crops, func(c embed.Extracted) bool { return x.spoofs.policy.LeavesOut(c.Liveness) })
		results, err := writeCrops(x.dir, name, crops, width, height)
		if err != nil {
			return err
		}
		if x.draw != "" {
			if err := drawFaces(e, data, marksOf(crops), x.draw); err != nil {
				return err
			}
		}
		if *x.json {
			return printJSON(a.out, withSpoofs(results, spoofs))
		}
		for i, r := range results {
			fmt.Fprintln(a.out, plain(r.File)+liveText(crops[i].Liveness))
		}
		return a.printSpoofs(spoofs)
	})
}

// extractedFaces are crops as the faces of a photograph.
func extractedFaces(crops []embed.Extracted, width, height int) face.Photo {
	photo := face.Photo{Width: width, Height: height}
	for _, c := range crops {
		photo.Templates = append(photo.Templates, face.Template{Detection: c.Detection, Measures: face.Measures{Liveness: c.Liveness}})
	}
	return photo
}

// writeCrops writes the faces of a photograph of a size, in pixels, into a folder.
func writeCrops(dir, photograph string, crops []embed.Extracted, width, height int) ([]extracted, error) {
	results := make([]extracted, len(crops))
	for i, c := range crops {
		file, err := writeCrop(dir, photograph, i, c.PNG)
		if err != nil {
			return nil, err
		}
		results[i] = extracted{
			FacialArea: search.NewFacialArea(c.Detection, width, height), Confidence: c.Detection.Confidence,
			File: file, Alignment: alignmentOf(c.Placement), Quality: c.Measures.Quality, Landmarks: pairs(c.Points),
		}
		if l := c.Liveness; l != nil {
			results[i].IsReal, results[i].AntispoofScore = &l.Real, &l.Score
		}
	}
	return results, nil
}

func pairs(points face.Landmarks) [][2]float32 {
	var out [][2]float32
	for _, p := range points {
		out = append(out, [2]float32{p.X, p.Y})
	}
	return out
}

// same says whether two names are of one file.
func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func writeCrop(dir, photograph string, i int, png []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", face.Wrap(face.Unavailable, err, "folder for the crops")
	}
	file := filepath.Join(dir, fmt.Sprintf("%s-face%d.png", stem(photograph), i+1))
	if same(photograph, file) {
		return "", face.Errorf(face.Exists, "the crop %s would take the place of the photograph: name another folder by --out", file)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		return "", face.Wrap(face.Unavailable, err, "write a crop")
	}
	return file, nil
}

// stem is what the crops of a photograph are named after.
func stem(name string) string {
	if photo.KindOf(name) == photo.Inline {
		return "photograph"
	}
	name = photo.Name(name)
	return strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
}
