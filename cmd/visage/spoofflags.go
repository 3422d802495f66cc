package main

import (
	"fmt"

	"github.com/spf13/pflag"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// spoofing is what a command was told of pictures of faces.
type spoofing struct {
	asked  bool
	model  string
	text   string
	policy search.SpoofPolicy // known once open was called
}

// spoofFlags declares --anti-spoofing and --spoofs, with what is usually done.
func spoofFlags(flags *pflag.FlagSet, usual search.SpoofPolicy) *spoofing {
	s := &spoofing{policy: usual}
	flags.BoolVar(&s.asked, "anti-spoofing", false, "tell live faces from pictures of faces, too")
	livenessFlag(flags, &s.model)
	flags.StringVar(&s.text, "spoofs", "", "pictures of faces that --anti-spoofing finds out: flag, to say so of each, or reject, to leave them out and fail where nothing is left; default "+string(usual))
	return s
}

// livenessFlag declares which model tells.
func livenessFlag(flags *pflag.FlagSet, model *string) {
	flags.StringVar(model, "liveness-model", embed.Auto, "model that tells live faces from pictures of faces, see visage models list; default the first that is installed and not taken on trust")
}

// open has a Config open the model that is needed, if one is. It returns a misuse for
// flags that mean nothing.
func (s *spoofing) open(cfg *embed.Config) (err error) {
	if s.text != "" {
		if s.policy, err = search.ParseSpoofPolicy(s.text); err != nil {
			return misuse{fmt.Errorf("--spoofs: %w", err)}
		}
		if !s.asked {
			return misuse{fmt.Errorf("--spoofs %s: it goes with --anti-spoofing, which looks for them", s.text)}
		}
	}
	if s.asked {
		cfg.Liveness = s.model
		return nil
	}
	return unaskedLiveness(s.model)
}

// unaskedLiveness is a misuse where a model was named that nothing is asked of.
func unaskedLiveness(model string) error {
	if model == embed.Auto {
		return nil
	}
	return misuse{fmt.Errorf("--liveness-model %s: it goes with --anti-spoofing, which asks it", model)}
}

// of is an Embedder that tells, where that is asked; the Config opened it.
func (s *spoofing) of(e *embed.Embedder, cfg embed.Config) *embed.Embedder {
	return e.Taking(embed.Taking{MaxFaces: cfg.MaxFaces, Anyway: cfg.Anyway, Liveness: s.asked})
}

// withSpoofs is a command's answer, and what it leaves out.
func withSpoofs(results any, spoofs []search.Spoof) map[string]any {
	answer := map[string]any{"results": results}
	if len(spoofs) > 0 {
		answer["spoofs"] = spoofs
	}
	return answer
}

// printSpoofs prints a line for each face that is left out.
func (a *app) printSpoofs(spoofs []search.Spoof) error {
	for _, s := range spoofs {
		in := ""
		if s.Image != "" {
			in = plain(s.Image) + ": "
		}
		if _, err := fmt.Fprintf(a.out, "%sleft out, as a picture of a face: at %d,%d, %dx%d pixels, score %.3f\n",
			in, s.FacialArea.X, s.FacialArea.Y, s.FacialArea.W, s.FacialArea.H, s.Score); err != nil {
			return err
		}
	}
	return nil
}

// liveText is what a line says of a face that was looked at; empty for others.
func liveText(l *face.Liveness) string {
	switch {
	case l == nil:
		return ""
	case l.Real:
		return fmt.Sprintf(", live (score %.3f)", l.Score)
	default:
		return fmt.Sprintf(", a picture of a face (score %.3f)", l.Score)
	}
}
