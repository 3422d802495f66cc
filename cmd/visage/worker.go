package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/queue"
	"github.com/visagedb/visage/internal/telemetry"
)

const workerHelp = `Worker takes the jobs that visage ingest --enqueue has queued, one after the
other, on as many machines as you like. Each needs the same database, the same
weights, and the folder of photographs under the same path. A worker that has not
the weights of a job, or does not see its folder, leaves it to others and says so.

Told to stop (SIGINT, SIGTERM) it commits what is finished of its job and gives
the rest back. Where it is killed, another worker takes the job within a minute.
What is committed is not done again.

Beside that a worker looks whether the recall of the indexes has to be measured: never
done, grown to more than twice the templates, built anew, vacuumed, or a day ago. One
worker at a time measures then, slowly; it warns where searches have become slower.
With --until-empty it does not.`

func workerCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Do queued ingest jobs", Args: cobra.NoArgs, Long: workerHelp,
		Example: "  visage worker --database-url postgres://visage@db/visage\n  visage worker --until-empty --json\n  visage worker --metrics :9464",
	}
	w := &working{app: a}
	flags := cmd.Flags()
	flags.IntVar(&w.workers, "workers", 0, "processors to use; default all")
	flags.StringVar(&w.device, "device", "cpu", "what runs the networks: cpu, cuda or cuda:N")
	flags.BoolVar(&w.untilEmpty, "until-empty", false, "end when no job is left, also none that another worker is at")
	metricsAt, every, asJSON := metricsFlag(flags), watchFlag(flags), jsonFlag(flags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if w.workers < 0 || w.workers > maxWorkers {
			return misuse{fmt.Errorf("worker: --workers %d: use 1 to %d", w.workers, maxWorkers)}
		}
		if *every < 0 {
			return misuse{fmt.Errorf("worker: --watch-recall %s: use 0 or more", *every)}
		}
		if w.untilEmpty {
			*every = 0
		}
		done := newWorked()
		err := a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			return a.withMetrics(cmd.Context(), *metricsAt, func(metrics *telemetry.Metrics) error {
				return a.withRecallWatched(cmd.Context(), db, metrics, *every, func() error { return w.work(cmd.Context(), db, metrics, done) })
			})
		})
		return errors.Join(err, a.printWorked(done, *asJSON))
	}
	return cmd
}

// working is the command's flags.
type working struct {
	app        *app
	workers    int
	device     string
	untilEmpty bool
}

func (w *working) work(ctx context.Context, db *postgres.DB, metrics *telemetry.Metrics, done *worked) (err error) {
	if err := w.app.countQueue(db, metrics); err != nil {
		return err
	}
	r := &runner{app: w.app, db: db, workers: w.workers, device: w.device}
	defer func() { err = errors.Join(err, r.close()) }()
	w.app.log.Info("waiting for jobs")
	return queue.Work(ctx, queue.Config{
		Store: db, Runner: r, Logger: w.app.log, UntilEmpty: w.untilEmpty,
		Done: func(o queue.Outcome) {
			metrics.Job(string(o.Result))
			newCounting(metrics).upTo(o.Report)
			done.add(o)
			w.app.tell(o)
		},
	})
}

// countQueue has every scrape count the queue's jobs.
func (a *app) countQueue(db *postgres.DB, metrics *telemetry.Metrics) error {
	jobs, err := queue.New(db)
	if err != nil {
		return err
	}
	metrics.Queue(func(ctx context.Context) (map[string]int, error) {
		counts, err := jobs.Counts(ctx)
		byName := map[string]int{}
		for _, state := range queue.States() {
			byName[string(state)] = counts[state]
		}
		return byName, err
	})
	return nil
}

// tell logs what became of a job.
func (a *app) tell(o queue.Outcome) {
	r := o.Report
	about := []any{
		"job", o.ID, "files", r.Files, "ingested", r.Ingested, "copied", r.Copied, "moved", r.Moved, "replaced", r.Replaced,
		"unchanged", r.Unchanged, "rejected", sum(r.Rejected), "faces", r.Faces, "seconds", r.Seconds,
	}
	switch o.Result {
	case queue.Finished:
		a.log.Info("job done", about...)
	case queue.Fails:
		a.log.Error("job failed, and is tried again unless it was often enough", append(about, "error", o.Err)...)
	default:
		a.log.Info("job "+string(o.Result), about...)
	}
}

func (a *app) printWorked(d *worked, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, d)
	}
	_, err := fmt.Fprintf(a.out, "%d jobs done, %d failed, %d given back, %d cancelled: %d files, %d ingested, %d rejected, %d faces in %.1f s\n",
		d.Jobs[queue.Finished], d.Jobs[queue.Fails], d.Jobs[queue.GivenBack], d.Jobs[queue.CutShort],
		d.Files, d.Ingested, sum(d.Rejected), d.Faces, d.Seconds)
	return err
}
