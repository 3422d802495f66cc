package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

func findCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "find IMAGE...", Short: "Say who is in a photograph", Args: cobra.MinimumNArgs(1),
		Long: `Find searches a gallery for every face of the photographs and prints the nearest
candidates of each. A face may belong to nobody enrolled: the decision says so.

Several photographs are searched in one go, each face by itself; with
--same-person they count as one person, whose most prominent faces are joined.
--identity, --not-identity and --where narrow the search; --where takes a JSON
object that the metadata of the enrolled photograph must contain. With --by
identity each row is an enrolled person, at the distance of its nearest face or,
with --top n, at the mean distance of its n nearest.
` + imageHelp,
		Example: `  visage find somebody.jpg
  visage find group.jpg -k 3 --gallery staff --json
  visage find https://example.org/door.jpg
  visage find door1.jpg door2.jpg door3.jpg --same-person
  visage find somebody.jpg --by identity --top 3
  visage find somebody.jpg --identity "Ann Lee" --identity "Bob Ray"
  visage find somebody.jpg --not-identity "Ann Lee" --where '{"source":"badge"}'`,
	}
	m, asJSON := modelFlags(cmd), jsonFlag(cmd.Flags())
	options := searchFlags(cmd)
	limit := limitFlags(cmd)
	samePerson := cmd.Flags().Bool("same-person", false, "take the photographs as several of one person")
	spoofs := spoofFlags(cmd.Flags(), search.RejectSpoofs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := spoofs.open(m); err != nil {
			return err
		}
		opts, err := options.of()
		if err != nil {
			return misuse{err}
		}
		return a.withEmbedder(*m, func(e *embed.Embedder) error {
			if opts.Metric, opts.Threshold, err = limit.of(cmd, e); err != nil {
				return err
			}
			opts.Detector = e.Detector()
			probes, err := probesOf(cmd.Context(), spoofs.of(e, *m), args, *samePerson, spoofs)
			if err != nil {
				return err
			}
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
				return a.find(cmd.Context(), db, probes, opts, *asJSON)
			})
		})
	}
	return cmd
}

// probes are the faces to search for.
type probes struct {
	templates []face.Template
	images    []string       // the photograph of each, where there are several; else empty
	spoofs    []search.Spoof // that are left out
	merged    int            // of how many photographs the one template is; 0 where none were joined
}

// probesOf embeds photographs: every face of each, or the most prominent of
// each joined into one.
func probesOf(ctx context.Context, e *embed.Embedder, names []string, samePerson bool, spoofs *spoofing) (probes, error) {
	choice := face.AllFaces
	if samePerson {
		choice = face.Prominent
	}
	var p probes
	for _, name := range names {
		data, err := readPhoto(ctx, name)
		if err != nil {
			return probes{}, err
		}
		seen, err := e.Embed(ctx, data, choice)
		if err != nil {
			return probes{}, aboutPhoto(name, err)
		}
		image := ""
		if len(names) > 1 {
			image = photo.Name(name)
		}
		seen, without, err := spoofs.policy.Sift(image, seen)
		if err != nil {
			return probes{}, aboutPhoto(name, err)
		}
		p.templates, p.spoofs = append(p.templates, seen.Templates...), append(p.spoofs, without...)
		if image != "" {
			p.images = append(p.images, slices.Repeat([]string{image}, len(seen.Templates))...)
		}
	}
	if !samePerson {
		return p, nil
	}
	merged, err := search.Merge(p.templates)
	return probes{templates: []face.Template{merged}, merged: len(names)}, err
}

func (a *app) find(ctx context.Context, db *postgres.DB, p probes, options search.FindOptions, asJSON bool) error {
	searcher, err := search.NewSearcher(search.Config{Gallery: db})
	if err != nil {
		return err
	}
	result, err := searcher.Find(ctx, p.templates, options)
	if err != nil {
		return err
	}
	for i, image := range p.images {
		result.Probes[i].Image = image
	}
	result.Spoofs = p.spoofs
	if asJSON {
		return printJSON(a.out, result)
	}
	return a.printFound(result, p.merged)
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
