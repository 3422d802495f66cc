package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/search"
)

// analysis is what the command was told.
type analysis struct {
	embed.Config
	actions []string
	spoofs  *spoofing
	json    *bool
}

func analyzeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "analyze IMAGE", Short: "Estimate age, gender, race and emotion of every face in a photograph", Args: cobra.ExactArgs(1),
		Long: `Analyze estimates attributes of every face, by the best models that are installed:
see visage models list. They are guesses of networks that know a face and not the
person, and err more often for people who were rare among those they learned from.
A photograph without a face has no attributes, and is an error.
` + imageHelp,
		Example: "  visage analyze somebody.jpg\n  visage analyze group.jpg --actions age,emotion --anti-spoofing --json",
	}
	n := &analysis{Config: embed.Config{Recognizer: embed.NoRecognizer}, json: jsonFlag(cmd.Flags())}
	profileFlags(cmd, &n.Config)
	detectionFlags(cmd, &n.Config)
	flags := cmd.Flags()
	flags.StringSliceVar(&n.actions, "actions", nil, "some of emotion, age, gender and race; default those for which a model is installed")
	flags.StringSliceVar(&n.AttributeModels, "attribute-models", nil, "models to use for the attributes that they estimate; default the best installed")
	n.spoofs = spoofFlags(flags, search.FlagSpoofs)
	flags.IntVar(&n.MaxFaces, "max-faces", 0, "keep so many faces, those with the largest boxes; default all")
	flags.StringVar(&n.Device, "device", "cpu", "what runs the networks: cpu, cuda or cuda:N")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, action := range n.actions {
			if !slices.Contains(face.AllAttributes(), face.Attribute(action)) {
				return misuse{fmt.Errorf("analyze: --actions %s: use some of %v", action, face.AllAttributes())}
			}
			n.Attributes = append(n.Attributes, face.Attribute(action))
		}
		if err := n.spoofs.open(&n.Config); err != nil {
			return err
		}
		return a.analyze(cmd.Context(), args[0], n)
	}
	return cmd
}

func (a *app) analyze(ctx context.Context, path string, n *analysis) error {
	data, err := readPhoto(ctx, path)
	if err != nil {
		return err
	}
	if n.Attributes == nil {
		if n.Attributes, err = a.installedAttributes(); err != nil {
			return err
		}
	}
	return a.withEmbedder(n.Config, func(e *embed.Embedder) error {
		found, width, height, err := e.Analyze(ctx, data, face.AllFaces, embed.Asked{Attributes: n.Attributes, Liveness: n.spoofs.asked})
		if err != nil {
			return aboutPhoto(path, err)
		}
		_, spoofs, err := n.spoofs.policy.Sift("", analyzedFaces(found, width, height))
		if err != nil {
			return aboutPhoto(path, err)
		}
		var results []httpapi.Analysis
		for _, f := range found {
			if !n.spoofs.policy.LeavesOut(f.Liveness) {
				results = append(results, analysisOf(f, width, height))
			}
		}
		if *n.json {
			return printJSON(a.out, withSpoofs(results, spoofs))
		}
		return errors.Join(a.printAnalyses(results), a.printSpoofs(spoofs))
	})
}

// analyzedFaces are faces as those of a photograph.
func analyzedFaces(found []embed.Analyzed, width, height int) face.Photo {
	photo := face.Photo{Width: width, Height: height}
	for _, f := range found {
		photo.Templates = append(photo.Templates, face.Template{Detection: f.Detection, Measures: face.Measures{Liveness: f.Liveness}})
	}
	return photo
}

// installedAttributes are those that can be estimated here; the others are named.
func (a *app) installedAttributes() ([]face.Attribute, error) {
	store, err := a.store()
	if err != nil {
		return nil, err
	}
	installed, missing, err := embed.Attributes(store)
	switch {
	case err != nil:
		return nil, err
	case len(installed) == 0:
		return nil, face.Errorf(face.Unavailable, "no model of attributes is installed: `visage models list` shows which there are")
	case len(missing) > 0:
		a.log.Info("no model is installed for some attributes", "missing", missing)
	}
	return installed, nil
}

// analysisOf is a face as DeepFace's analyze answers it, which cuts years off.
func analysisOf(f embed.Analyzed, width, height int) httpapi.Analysis {
	n := httpapi.Analysis{
		Region: search.NewFacialArea(f.Detection, width, height), Confidence: f.Detection.Confidence, Models: map[string]string{}, Liveness: f.Liveness,
	}
	for attribute, estimate := range f.Attributes {
		n.Models[string(attribute)] = estimate.Model
		switch attribute {
		case face.Age:
			years := int(estimate.Years)
			n.Age = &years
		case face.Gender:
			n.Gender, n.DominantGender = estimate.Percent, estimate.Dominant
		case face.Race:
			n.Race, n.DominantRace = estimate.Percent, estimate.Dominant
		case face.Emotion:
			n.Emotion, n.DominantEmotion = estimate.Percent, estimate.Dominant
		}
	}
	return n
}

// printAnalyses prints a row per face. Columns of what was not asked for are left out.
func (a *app) printAnalyses(results []httpapi.Analysis) error {
	header, rows := []string{"face", "at", "pixels", "confidence"}, make([][]string, len(results))
	for i, r := range results {
		rows[i] = []string{fmt.Sprint(i + 1), fmt.Sprintf("%d,%d", r.Region.X, r.Region.Y), fmt.Sprintf("%dx%d", r.Region.W, r.Region.H), fmt.Sprintf("%.2f", r.Confidence)}
	}
	for _, column := range slices.Sorted(maps.Keys(results[0].Models)) {
		header = append(header, column)
		for i, r := range results {
			rows[i] = append(rows[i], said(r, face.Attribute(column)))
		}
	}
	if results[0].Liveness != nil {
		header = append(header, "live", "score")
		for i, r := range results {
			rows[i] = append(rows[i], fmt.Sprint(r.Real), fmt.Sprintf("%.3f", r.Score))
		}
	}
	return printTable(a.out, header, rows)
}

// said is what was estimated of one attribute, as people read it.
func said(r httpapi.Analysis, attribute face.Attribute) string {
	labelled := func(label string, percent map[string]float64) string {
		return fmt.Sprintf("%s %.0f %%", label, percent[label])
	}
	switch attribute {
	case face.Age:
		return fmt.Sprint(*r.Age)
	case face.Gender:
		return labelled(r.DominantGender, r.Gender)
	case face.Race:
		return labelled(r.DominantRace, r.Race)
	default:
		return labelled(r.DominantEmotion, r.Emotion)
	}
}
