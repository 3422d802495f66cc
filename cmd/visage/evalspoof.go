package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

func evalSpoof(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "spoof", Short: "Test of a model of liveness: live faces and pictures of faces", Args: cobra.NoArgs,
		Long: `Spoof lets a model of liveness judge the photographs below two folders, one of
live faces and one of attacks, and reports its errors by ISO/IEC 30107-3. Folders
below that of the attacks are kinds of attacks (print, replay, mask), of which the
worst counts. Of each photograph the most prominent face is judged; one without a
face is a non-response, counted beside the rates. See docs/liveness.md.`,
		Example: "  visage eval spoof --real live --attack attacks\n  visage eval spoof --real live --attack attacks --model MiniFASNet --json",
	}
	cfg := &embed.Config{Recognizer: embed.NoRecognizer}
	cfg.Options.Profile = face.Native // in which scores are the probability of a live face
	detectionFlags(cmd, cfg)
	flags := cmd.Flags()
	asJSON := jsonFlag(flags)
	bonaFide := flags.String("real", "", "folder of photographs of live faces")
	attacks := flags.String("attack", "", "folder of photographs of pictures of faces, with a folder for each kind")
	flags.StringVar(&cfg.Liveness, "model", embed.Auto, "model of liveness, see visage models list; default the first that is installed")
	flags.StringVar(&cfg.Device, "device", "cpu", "what runs the networks: cpu, cuda or cuda:N")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *bonaFide == "" || *attacks == "" {
			return misuse{errors.New("eval spoof: name both folders, by --real and --attack")}
		}
		return a.withEmbedder(*cfg, func(e *embed.Embedder) error {
			bar := newBar(a.errOut, "photographs")
			r, err := eval.Spoof(cmd.Context(), eval.SpoofConfig{
				Judge: judge{e}, Model: e.Liveness(), Detector: e.Detector(), Threshold: e.LivenessThreshold(),
				Progress: func(done, total int) { bar.show(done, total, "") },
			}, *bonaFide, *attacks)
			if err := errors.Join(err, bar.close()); err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, r)
			}
			return a.printSpoofing(r)
		})
	}
	return cmd
}

// judge is eval.Judge.
type judge struct{ *embed.Embedder }

// Judge is eval.Judge's.
func (j judge) Judge(ctx context.Context, data []byte) (face.Liveness, error) {
	found, _, _, err := j.Analyze(ctx, data, face.Prominent, embed.Asked{Liveness: true})
	if err != nil {
		return face.Liveness{}, err
	}
	return *found[0].Liveness, nil
}

var _ eval.Judge = judge{}

func (a *app) printSpoofing(r eval.Spoofing) error {
	fmt.Fprintf(a.out, "%s with %s\n", r.Model, r.Detector)
	rows := [][]string{speciesRow("live faces", r.Real)}
	for _, s := range r.Species {
		rows = append(rows, speciesRow("attacks "+plain(cmp.Or(s.Name, "(no kind)")), s))
	}
	if err := printTable(a.out, []string{"photographs", "all", "no response", "passed as live"}, rows); err != nil {
		return err
	}
	rows = [][]string{pointRow("the model's own", r.AtModel)}
	for _, p := range r.AtTarget {
		rows = append(rows, pointRow(fmt.Sprintf("APCER at most %g", p.TargetAPCER), p))
	}
	fmt.Fprintln(a.out)
	if err := printTable(a.out, []string{"threshold", "live from", "APCER", "worst APCER", "BPCER", "ACER"}, rows); err != nil {
		return err
	}
	if r.EER != nil {
		fmt.Fprintf(a.out, "EER %.4f\n", *r.EER)
	}
	return a.printFailures(r.FailedFiles)
}

func speciesRow(what string, s eval.Species) []string {
	return []string{what, fmt.Sprint(s.Photos), fmt.Sprintf("%d (%.4f)", s.Photos-s.Classified, s.NonResponse), fmt.Sprintf("%d of %d", s.Passed, s.Classified)}
}

func pointRow(what string, p eval.SpoofPoint) []string {
	from, acer := "most likely", "not measured"
	if p.Threshold != nil {
		from = fmt.Sprintf("%.4f", *p.Threshold)
	}
	if p.ACER != nil {
		acer = fmt.Sprintf("%.4f", *p.ACER)
	}
	return []string{what, from, rateText(p.APCER), rateText(p.WorstAPCER), rateText(p.BPCER), acer}
}

// rateText is a rate with its interval and counts.
func rateText(r eval.Rate) string {
	if r.Rate == nil {
		return "not measured"
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f] (%d of %d)", *r.Rate, r.Interval[0], r.Interval[1], r.Count, r.Of)
}
