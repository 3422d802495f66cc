package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
)

// maxWorkers bounds --workers; each may hold a decoded photograph.
const maxWorkers = 256

// checkIngest says what cannot be of the flags that need no other.
func checkIngest(workers int, cfg ingest.Config) error {
	switch {
	case workers < 0 || workers > maxWorkers:
		return fmt.Errorf("--workers %d: use 1 to %d", workers, maxWorkers)
	case cfg.RetryFor <= 0:
		return fmt.Errorf("--retry %s: use a time above 0, such as 10m", cfg.RetryFor)
	case cfg.Gallery == "":
		return errors.New("name a gallery by --gallery")
	}
	return nil
}

func ingestCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "ingest DIR", Short: "Load a folder of identities into a gallery", Args: cobra.ExactArgs(1),
		Long: ingestHelp, Example: ingestExamples,
	}
	m, asJSON := modelFlags(cmd), jsonFlag(cmd.Flags())
	cmd.Flags().Lookup("model").Usage = "recognisers, with commas between them, see visage models list; default the best installed"
	cfg, flags := ingest.Config{}, cmd.Flags()
	sourceFlags(flags, &cfg)
	gates := gateFlags(flags)
	livenessFlag(flags, &m.Liveness)
	listed := flags.String("report", "", "file for what was not used, a JSON object a line")
	flags.StringVar(&cfg.Gallery, "gallery", face.DefaultGallery, "gallery, made if there is none of the name")
	flags.IntVar(&m.Workers, "workers", 0, "processors to use; default all")
	flags.BoolVar(&cfg.Prune, "prune", false, "remove photographs from the gallery that have vanished from DIR")
	flags.DurationVar(&cfg.RetryFor, "retry", 30*time.Second, "how long to wait for a database that is away or whose disk is full")
	plan := flags.Bool("plan", false, "say what would be done, and do nothing")
	watch := flags.Bool("watch", false, "go on: ingest again whenever something in DIR changes, until interrupted")
	later := flags.Bool("enqueue", false, "leave the work to visage worker, on this and other machines")
	analyzed := analyzedFlag(flags, m)
	metricsAt := metricsFlag(flags)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := checkIngest(m.Workers, cfg); err != nil {
			return misuse{fmt.Errorf("ingest: %w", err)}
		}
		if *watch && (*plan || cfg.Manifest != "") {
			return misuse{errors.New("ingest: --watch follows a folder: it goes with neither --plan nor --manifest")}
		}
		if err := enqueueGoesWith(flags, *later); err != nil {
			return err
		}
		if m.Attributes, err = a.analyzed(*analyzed); err != nil {
			return err
		}
		if err := namedModels(m, *gates); err != nil {
			return err
		}
		cfg.Root, cfg.Mode, cfg.Gates = args[0], ingest.Enrol, *gates
		if *plan {
			cfg.Mode = ingest.Plan
		}
		pace := func(_ context.Context, _ string, run func() error) error { return run() }
		if *watch {
			pace = ingest.Watch
		}
		if *later {
			return a.enqueue(cmd.Context(), *m, cfg, pace, *asJSON)
		}
		list, err := openRejects(*listed, cfg.Root)
		if err != nil {
			return err
		}
		cfg.Rejected = list.add
		return errors.Join(a.withMetrics(cmd.Context(), *metricsAt, func(metrics *telemetry.Metrics) error {
			return a.ingest(cmd.Context(), *m, cfg, metrics, pace, *asJSON)
		}), list.close())
	}
	return cmd
}

// namedModels takes a list of recognisers apart, and leaves out the model of liveness
// where the gates do not ask; it returns a misuse where one was named all the same.
func namedModels(m *embed.Config, gates ingest.Gates) error {
	names := strings.Split(m.Recognizer, ",")
	m.Recognizer, m.Also = names[0], names[1:]
	if gates.Live {
		return nil
	}
	named := m.Liveness
	m.Liveness = ""
	return unaskedLiveness(named)
}

// ingest runs ingests at a pace, each with a progress bar, and prints the report
// of each, which is valid, of what was done until then, also where the run ended
// early.
func (a *app) ingest(ctx context.Context, m embed.Config, cfg ingest.Config, metrics *telemetry.Metrics, pace func(context.Context, string, func() error) error, asJSON bool) error {
	return a.withEmbedder(m, func(e *embed.Embedder) error {
		return a.withDatabase(ctx, func(db *postgres.DB) error {
			return pace(ctx, cfg.Root, func() error {
				report, err := a.ingestInto(ctx, db, e, m.Attributes, cfg, metrics)
				if report.Files == 0 && err != nil { // it never began
					return err
				}
				return errors.Join(err, a.printReport(report, asJSON))
			})
		})
	})
}

func (a *app) ingestInto(ctx context.Context, db *postgres.DB, e *embed.Embedder, attributes []face.Attribute, cfg ingest.Config, metrics *telemetry.Metrics) (ingest.Report, error) {
	cfg.Space, cfg.Also, cfg.Detector, cfg.Workers = e.Space(), e.Spaces()[1:], e.Detector(), e.InHand()
	bar := newBar(a.errOut, "photographs").withLines(a.errOut, lineEvery)
	total := 0
	if cfg.Manifest == "" {
		total = bar.count(cfg.Root)
	}
	begun, count := time.Now(), newCounting(metrics)
	cfg.Progress = func(p ingest.Progress) {
		of := total
		if total > 0 || p.Walked {
			of = max(total, p.Found)
		}
		perSecond := float64(p.Faces) / max(time.Since(begun).Seconds(), 1e-3)
		bar.show(p.Done, of, fmt.Sprintf("%d faces (%.1f/s), %d rejected", p.Faces, perSecond, p.Failed))
		count.upTo(p.Settled)
	}
	cfg.Paused = func(why error) {
		a.log.Warn("waiting for the database", "reason", explain(why), "at_most", cfg.RetryFor)
	}
	report, err := ingest.Run(ctx, cfg, e.Taking(embed.Taking{Liveness: cfg.Gates.Live}).Estimating(attributes), db)
	count.upTo(report)
	return report, errors.Join(err, bar.close())
}

func (a *app) printReport(r ingest.Report, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, r)
	}
	for _, one := range append([]ingest.Report{r}, r.Also...) {
		if err := a.printSpace(one); err != nil {
			return err
		}
	}
	return nil
}

// printSpace prints what was done in one space.
func (a *app) printSpace(r ingest.Report) error {
	for _, j := range slices.Concat(r.Folders, r.Rejections, r.RejectedFaces) {
		fmt.Fprintf(a.out, "%-14s %s: %s\n", j.Reason, plain(j.Path), plain(j.Message))
	}
	for _, c := range r.Changes {
		from := ""
		if c.From != "" {
			from = ", as " + plain(c.From)
		}
		fmt.Fprintf(a.out, "%-14s %s%s\n", c.Kind, plain(c.Path), from)
	}
	rejected, faces := sum(r.Rejected), sum(r.FacesRejected)
	if r.Mode == ingest.Plan {
		_, err := fmt.Fprintf(a.out, "plan: %d files: %d to ingest, %d to copy, %d to move, %d to replace, %d unchanged, %d rejected; %d vanished, %d to remove\n",
			r.Files, r.Ingested, r.Copied, r.Moved, r.Replaced, r.Unchanged, rejected, r.Vanished, r.Removed)
		return err
	}
	if faces > 0 {
		fmt.Fprintf(a.out, "%d faces of photographs that have better ones are not enrolled\n", faces)
	}
	_, err := fmt.Fprintf(a.out, "%d files: %d ingested, %d copied, %d moved, %d replaced, %d unchanged, %d rejected; %d vanished, %d removed\n"+
		"%d faces in %.1f s (%.1f per second) into gallery %s, space %s\n",
		r.Files, r.Ingested, r.Copied, r.Moved, r.Replaced, r.Unchanged, rejected, r.Vanished, r.Removed,
		r.Faces, r.Seconds, r.FacesPerSecond, r.Gallery, r.Space)
	return err
}

func sum(counts map[face.Code]int) (all int) {
	for n := range maps.Values(counts) {
		all += n
	}
	return all
}
