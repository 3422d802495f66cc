package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/queue"
)

// queued is what ingest --enqueue prints.
type queued struct {
	ingest.Cutting
	Jobs     int `json:"jobs"`          // that are new
	Standing int `json:"jobs_standing"` // that the queue had before
}

// enqueueGoesWith returns a misuse for flags that mean nothing beside --enqueue.
func enqueueGoesWith(flags *pflag.FlagSet, enqueue bool) error {
	if !enqueue {
		return nil
	}
	for flag, instead := range map[string]string{
		"prune":   "run visage ingest --prune when the queue is empty: until then, a photograph may only seem to have vanished that a job will find moved",
		"plan":    "use one of them",
		"report":  "visage jobs show tells what was not used",
		"workers": "it is visage worker's",
		"metrics": "it is visage worker's",
	} {
		if flags.Changed(flag) {
			return misuse{fmt.Errorf("ingest: --%s does not go with --enqueue: %s", flag, instead)}
		}
	}
	return nil
}

// enqueue queues, at a pace, jobs for what is left to do.
func (a *app) enqueue(ctx context.Context, m embed.Config, cfg ingest.Config, pace func(context.Context, string, func() error) error, asJSON bool) error {
	return a.withEmbedder(m, func(e *embed.Embedder) error {
		return a.withDatabase(ctx, func(db *postgres.DB) error {
			jobs, err := queue.New(db)
			if err != nil {
				return err
			}
			cfg.Space, cfg.Also, cfg.Detector = e.Space(), e.Spaces()[1:], e.Detector()
			return pace(ctx, cfg.Root, func() error {
				task, err := taskOf(cfg, m, e)
				if err != nil {
					return err
				}
				report, err := fill(ctx, jobs, task, cfg, db)
				if err != nil {
					return err
				}
				return a.printQueued(report, asJSON)
			})
		})
	})
}

func fill(ctx context.Context, jobs *queue.Queue, task queue.Task, cfg ingest.Config, ledger ingest.Ledger) (queued, error) {
	filling, err := jobs.Fill(task)
	if err != nil {
		return queued{}, err
	}
	cutting, err := ingest.Cut(ctx, cfg, ledger, func(piece ingest.Piece) error { return filling.Add(ctx, piece) })
	if err == nil {
		err = filling.End(ctx)
	}
	return queued{Cutting: cutting, Jobs: filling.Jobs, Standing: filling.Standing}, err
}

func (a *app) printQueued(q queued, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, q)
	}
	for _, j := range append(q.Folders, q.Rejections...) {
		fmt.Fprintf(a.out, "%-14s %s: %s\n", j.Reason, plain(j.Path), plain(j.Message))
	}
	_, err := fmt.Fprintf(a.out, "%d files: %d to do in %d new jobs and %d that were queued already, %d unchanged, %d rejected\n",
		q.Files, q.Left, q.Jobs, q.Standing, q.Unchanged, sum(q.Rejected))
	return err
}

// taskOf is what a worker has to know to do what this process would. Who walks a
// folder has had the patterns' say already, an archive is walked by the worker.
func taskOf(cfg ingest.Config, m embed.Config, e *embed.Embedder) (queue.Task, error) {
	root, err := realPath(cfg.Root)
	if err != nil {
		return queue.Task{}, face.Wrap(face.NotFound, err, "ingest %s", cfg.Root)
	}
	detector, weights := e.DetectorSource()
	recognizers := make([]string, len(e.Spaces()))
	for i, space := range e.Spaces() {
		recognizers[i] = space.Recognizer
	}
	task := queue.Task{
		Gallery: cfg.Gallery, Root: queue.Raw(root), Gates: cfg.Gates, Spaces: e.Spaces(),
		Models: queue.Models{
			Recognizers: recognizers, Detector: detector, DetectorWeights: weights, Setting: e.Detector(),
			Profile: m.Options.Profile, Normalization: string(m.Normalization), Side: m.Options.Side, Confidence: m.Options.Confidence,
			Thorough: m.Passes.Thorough, Turned: m.Passes.Turned, Unaligned: m.Crop.Unaligned, Expand: m.Crop.Expand,
			Attributes: m.Attributes, AttributeModels: m.AttributeModels,
		},
	}
	if cfg.Gates.Live {
		task.Models.Liveness = e.Liveness()
	}
	if info, err := os.Stat(root); err == nil && info.Mode().IsRegular() {
		task.Include, task.Exclude = queue.Raws(cfg.Include), queue.Raws(cfg.Exclude)
	}
	return task, nil
}

// embedderOf is what taskOf wrote down.
func embedderOf(m queue.Models, device string, workers int) embed.Config {
	return embed.Config{
		Workers:    workers,
		Recognizer: m.Recognizers[0], Also: m.Recognizers[1:], Detector: m.Detector, Normalization: recognize.Normalization(m.Normalization), Device: device,
		Options:  detect.Options{Profile: m.Profile, Side: m.Side, Confidence: m.Confidence},
		Passes:   detect.Passes{Thorough: m.Thorough, Turned: m.Turned},
		Crop:     embed.Crop{Unaligned: m.Unaligned, Expand: m.Expand},
		Liveness: m.Liveness,

		Attributes: m.Attributes, AttributeModels: m.AttributeModels,
	}
}
