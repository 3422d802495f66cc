package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search"
)

// demoGallery is emptied by every demonstration.
const demoGallery = "demo"

// probe is a photograph to be named.
type probe struct {
	path   string
	person string // who it shows, nobody for a stranger; empty if that is not known
}

// nobody is who is not enrolled.
const nobody = "nobody enrolled"

// demo is what a demonstration works on.
type demo struct {
	people string // folder of identities
	probes []probe
	sheet  string // where the contact sheet goes
	drawn  bool   // whether the people are the project's own
}

func demoCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the whole way from photographs to names", Args: cobra.NoArgs,
		Long: `Demo draws portraits of people who do not exist, ingests them into the gallery
"demo", which it empties first, and names further portraits of them and of
strangers; with --faces and --probe it does so with your own photographs. It
prints a table, writes a contact sheet, and fails where a drawn portrait is not
named rightly. The built-in recogniser takes many a stranger for somebody:
see what more of them do.`,
		Example: "  visage demo\n  visage demo --strangers 8\n  visage demo --faces photos --probe somebody.jpg",
	}
	m := modelFlags(cmd)
	faces := cmd.Flags().String("faces", "", "folder of identities, instead of drawn ones")
	photo := cmd.Flags().String("probe", "", "photograph to be named, with --faces")
	strangers := cmd.Flags().Int("strangers", 1, "how many people to draw who are not enrolled")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *strangers < 0 || *strangers > 100 {
			return misuse{fmt.Errorf("demo: --strangers %d: use 0 to 100", *strangers)}
		}
		if (*faces == "") != (*photo == "") {
			return misuse{errors.New("demo: --faces and --probe go together")}
		}
		d := demo{people: *faces, probes: []probe{{path: *photo}}, sheet: filepath.Join(a.settings.Home, "demo", "sheet.png")}
		if *faces == "" {
			var err error
			if d, err = a.drawSamples(cmd.Context(), filepath.Join(a.settings.Home, "demo"), *strangers); err != nil {
				return err
			}
		}
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error { return a.demo(cmd.Context(), db, e, d) })
		})
	}
	return cmd
}

func (a *app) demo(ctx context.Context, db *postgres.DB, e *embed.Embedder, d demo) error {
	if err := db.DeleteGallery(ctx, demoGallery); err != nil && face.CodeOf(err) != face.NotFound {
		return err
	}
	report, err := a.ingestInto(ctx, db, e, nil, ingest.Config{Root: d.people, Gallery: demoGallery}, telemetry.New())
	if err != nil {
		return err
	}
	if err := a.printReport(report, false); err != nil {
		return err
	}
	threshold := cosineOf(e)
	if d.drawn {
		if threshold, err = calibrate(ctx, db, e, d.people); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "\nthreshold: %s distance %.4f, %s\n", threshold.Metric, threshold.Distance, threshold.Source)
	var named []naming
	for _, p := range d.probes {
		some, err := nameFaces(ctx, db, e, p, threshold)
		if err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
		named = append(named, some...)
	}
	if err := a.printNamings(named); err != nil {
		return err
	}
	if err := drawSheet(e, d.sheet, named); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\ncontact sheet: %s\nthe same from the command line: visage find %q --gallery %s --model %s --detector %s --threshold %.4f\n",
		d.sheet, d.probes[0].path, demoGallery, e.Recognizer(), e.Detector(), threshold.Distance)
	return wronglyNamed(named)
}

// naming is what was found for one face of a probe.
type naming struct {
	probe   probe
	found   search.Probe
	all     []search.Match
	best    *search.Match // the first of all; nil in an empty gallery
	setting search.How
}

// right says whether the naming is the truth, where that is known.
func (n naming) right() bool {
	switch n.probe.person {
	case "":
		return true
	case nobody:
		return n.found.Decision == search.Unknown
	default:
		return n.found.Decision == search.Matched && n.found.Identity == n.probe.person
	}
}

func nameFaces(ctx context.Context, db *postgres.DB, e *embed.Embedder, p probe, threshold face.Threshold) ([]naming, error) {
	data, err := readFile(p.path)
	if err != nil {
		return nil, err
	}
	photo, err := e.Embed(ctx, data, face.AllFaces)
	if err != nil {
		return nil, err
	}
	searcher, err := search.NewSearcher(search.Config{Gallery: db})
	if err != nil {
		return nil, err
	}
	result, err := searcher.Find(ctx, photo.Templates, search.FindOptions{Gallery: demoGallery, Threshold: threshold})
	if err != nil {
		return nil, err
	}
	named := make([]naming, len(result.Probes))
	for i, found := range result.Probes {
		named[i] = naming{probe: p, found: found, all: result.Results[i], setting: result.Search}
		if len(result.Results[i]) > 0 {
			named[i].best = &result.Results[i][0]
		}
	}
	return named, nil
}

func (a *app) printNamings(named []naming) error {
	rows := make([][]string, len(named))
	for i, n := range named {
		rows[i] = []string{filepath.Base(n.probe.path), string(n.found.Decision), "", "", strconv.FormatFloat(n.setting.Threshold, 'f', 4, 64), ""}
		if n.best != nil {
			rows[i][2], rows[i][3] = n.best.Identity, strconv.FormatFloat(n.best.Distance, 'f', 4, 64)
		}
		if n.probe.person != "" {
			rows[i][5] = "wrong, it is " + n.probe.person
			if n.right() {
				rows[i][5] = "right"
			}
		}
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, []string{"probe", "decision", "nearest identity", "distance", "threshold", ""}, rows)
}

func wronglyNamed(named []naming) error {
	wrong := 0
	for _, n := range named {
		if !n.right() {
			wrong++
		}
	}
	if wrong > 0 {
		return face.Errorf(face.Internal, "%d of %d probes were not named rightly", wrong, len(named))
	}
	return nil
}

// makeFile writes a file under a folder that it makes.
func makeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return face.Wrap(face.Unavailable, err, "demonstration")
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return face.Wrap(face.Unavailable, err, "demonstration")
	}
	return nil
}

// cosineOf is the recogniser's cosine threshold.
func cosineOf(e *embed.Embedder) face.Threshold {
	t, _ := e.Thresholds().In(face.Cosine)
	return t
}
