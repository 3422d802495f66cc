package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

func findCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "find IMAGE", Short: "Say who is in a photograph", Args: cobra.ExactArgs(1),
		Long: `Find searches a gallery for every face of the photograph and prints the nearest
candidates of each. A face may belong to nobody enrolled: the decision says so.
` + imageHelp,
		Example: "  visage find somebody.jpg\n  visage find group.jpg -k 3 --gallery staff --json\n  visage find https://example.org/door.jpg",
	}
	m, asJSON := modelFlags(cmd), jsonFlag(cmd.Flags())
	options := search.FindOptions{}
	flags := cmd.Flags()
	flags.StringVar(&options.Gallery, "gallery", face.DefaultGallery, "gallery to search")
	flags.IntVarP(&options.K, "count", "k", search.DefaultK, "candidates per face")
	flags.BoolVar(&options.Exact, "exact", false, "compare with every template instead of using the index")
	flags.Float64Var(&options.MinRecall, "min-recall", face.DefaultMinRecall,
		"share of a person's templates that the index shall not miss, where that was measured (visage index recall); 1 is --exact")
	limit := limitFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if options.Gallery == "" {
			return misuse{errors.New("find: name a gallery by --gallery")}
		}
		if options.K < 1 {
			return misuse{fmt.Errorf("-k %d: ask for at least 1 candidate", options.K)}
		}
		if !(options.MinRecall > 0 && options.MinRecall <= 1) {
			return misuse{fmt.Errorf("--min-recall %g: use a share above 0 and up to 1", options.MinRecall)}
		}
		data, err := readPhoto(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			if options.Metric, options.Threshold, err = limit.of(cmd, e); err != nil {
				return err
			}
			options.Detector = e.Detector()
			photo, err := e.Embed(cmd.Context(), data, face.AllFaces)
			if err != nil {
				return aboutPhoto(args[0], err)
			}
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
				return a.find(cmd.Context(), db, photo, options, *asJSON)
			})
		})
	}
	return cmd
}

func (a *app) find(ctx context.Context, db *postgres.DB, photo face.Photo, options search.FindOptions, asJSON bool) error {
	searcher, err := search.NewSearcher(search.Config{Gallery: db})
	if err != nil {
		return err
	}
	result, err := searcher.Find(ctx, photo.Templates, options)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.out, result)
	}
	for i, matches := range result.Results {
		box := photo.Templates[i].Detection.Box
		fmt.Fprintf(a.out, "face %d of %d at %.0f,%.0f, %.0f x %.0f pixels: %s\n", i+1, len(result.Results),
			box.X1, box.Y1, box.Width(), box.Height(), result.Probes[i].Decision)
		if err := printMatches(a, matches); err != nil {
			return err
		}
	}
	how := result.Search
	_, err = fmt.Fprintf(a.out, "searched %d templates of gallery %s, space %s: %s; %s threshold %.3f (%s)\n",
		how.Rows, how.Gallery, how.Space, planText(how.Plan), how.Metric, how.Threshold, how.ThresholdSource)
	return err
}

func printMatches(a *app, matches []search.Match) error {
	rows := make([][]string, len(matches))
	for i, m := range matches {
		rows[i] = []string{
			strconv.Itoa(i + 1), cmp.Or(m.Identity, "(no identity)"), strconv.FormatFloat(m.Distance, 'f', 4, 64),
			strconv.FormatFloat(m.Confidence, 'f', 1, 64), string(m.Decision), m.Image,
		}
	}
	return printTable(a.out, []string{"rank", "identity", "distance", "confidence", "decision", "image"}, rows)
}

// limits are --metric and --threshold.
type limits struct {
	metric   string
	distance float64
}

func limitFlags(cmd *cobra.Command) *limits {
	l := &limits{}
	cmd.Flags().StringVar(&l.metric, "metric", string(face.Cosine), "cosine, euclidean, euclidean_l2 or angular")
	cmd.Flags().Float64Var(&l.distance, "threshold", 0, "largest distance that matches; default the model's own")
	return l
}

// of gives metric and threshold: the caller's, or else the recogniser's own.
func (l *limits) of(cmd *cobra.Command, e *embed.Embedder) (face.Metric, face.Threshold, error) {
	metric, err := face.ParseMetric(l.metric)
	if err != nil {
		return "", face.Threshold{}, misuse{err}
	}
	if cmd.Flags().Changed("threshold") {
		return metric, face.Threshold{Metric: metric, Distance: l.distance, Source: "the caller"}, nil
	}
	own, err := search.ChooseThreshold(e.Thresholds(), metric, e.Space())
	return metric, own, err
}
