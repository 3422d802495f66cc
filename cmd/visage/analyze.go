package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	draw    string // folder
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
		Example: "  visage analyze somebody.jpg\n  visage analyze group.jpg --actions age,emotion --anti-spoofing --json\n  visage analyze group.jpg --draw seen",
	}
	n := &analysis{Config: embed.Config{Recognizer: embed.NoRecognizer}, json: jsonFlag(cmd.Flags())}
	profileFlags(cmd, &n.Config)
	detectionFlags(cmd, &n.Config)
	flags := cmd.Flags()
	attributeFlags(flags, &n.Config, &n.actions)
	n.spoofs = spoofFlags(flags, search.FlagSpoofs)
	flags.StringVar(&n.draw, "draw", "", "folder for the photograph with boxes and what is said drawn, JPEG, made if it is not there")
	flags.IntVar(&n.MaxFaces, "max-faces", 0, "keep so many faces, those with the largest boxes; default all")
	flags.StringVar(&n.Device, "device", "cpu", "what runs the networks: cpu, cuda or cuda:N")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if n.Attributes, err = a.attributesOf("analyze: --actions", n.actions); err != nil {
			return err
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
	return a.withEmbedder(n.Config, func(e *embed.Embedder) error {
		found, width, height, err := e.Analyze(ctx, data, face.AllFaces, embed.Asked{Attributes: n.Attributes, Liveness: n.spoofs.asked})
		if err != nil {
			return aboutPhoto(path, err)
		}
		_, spoofs, err := n.spoofs.policy.Sift("", analyzedFaces(found, width, height))
		if err != nil {
			return aboutPhoto(path, err)
		}
		found = slices.DeleteFunc(found, func(f embed.Analyzed) bool { return n.spoofs.policy.LeavesOut(f.Liveness) })
		results := make([]httpapi.Analysis, len(found))
		for i, f := range found {
			results[i] = analysisOf(f, width, height)
		}
		if n.draw != "" {
			if err := drawInto(e, path, data, analysisMarks(found, results), n.draw); err != nil {
				return err
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

// attributeFlags declares which attributes are estimated, and by which models.
func attributeFlags(flags *pflag.FlagSet, cfg *embed.Config, actions *[]string) {
	flags.StringSliceVar(actions, "actions", nil, "some of emotion, age, gender and race; default those for which a model is installed")
	flags.StringSliceVar(&cfg.AttributeModels, "attribute-models", nil, "models to use for the attributes that they estimate; default the best installed")
}

// attributesOf reads the attributes that a flag names, or takes those for which a
// model is installed.
func (a *app) attributesOf(flag string, named []string) ([]face.Attribute, error) {
	if len(named) == 0 {
		return a.installedAttributes()
	}
	var attributes []face.Attribute
	for _, name := range named {
		if !slices.Contains(face.AllAttributes(), face.Attribute(name)) {
			return nil, misuse{fmt.Errorf("%s %s: use some of %v", flag, name, face.AllAttributes())}
		}
		attributes = append(attributes, face.Attribute(name))
	}
	return attributes, nil
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
		return nil, face.Errorf(face.Unavailable, "no model of attributes is installed: run `visage models pull FERPlus` for emotions; `visage models list` shows which there are")
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
