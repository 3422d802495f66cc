package queue

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

const (
	// idle is how long River gets for its next job before a worker looks whether
	// there is one; it fetches one every 100 ms.
	idle = 500 * time.Millisecond
	// stopLimit is how long a job that is given back may take to commit what is
	// finished of it.
	stopLimit = 30 * time.Second
)

// serve does jobs of one queue until there are no more to take there, or ctx ends.
func (w *worker) serve(ctx context.Context, queue string) (err error) {
	client, err := w.client(queue)
	if err != nil {
		return err
	}
	// It is stopped below, with the jobs, and not by ctx: what they have done is
	// to be written down.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return w.cfg.Store.QueueError("queue.Work", err)
	}
	defer func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		if stopped := client.StopAndCancel(limited); stopped != nil {
			err = errors.Join(err, face.Wrap(face.Unavailable, stopped, "queue: a job could not be given back in %s: it will be taken from this worker", stopLimit))
		}
	}()
	w.touch(false)
	tick := time.NewTicker(idle / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if w.refused(queue) {
			return nil
		}
		if w.idle() {
			if more, err := w.more(ctx, queue); err != nil || !more {
				return err
			}
			w.touch(false)
		}
	}
}

func (w *worker) client(queue string) (*river.Client[pgx.Tx], error) {
	driver, schema := w.cfg.Store.Queue()
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &hand{worker: w, queue: queue}); err != nil {
		return nil, face.Wrap(face.Internal, err, "queue: set up River")
	}
	client, err := river.NewClient(driver, &river.Config{
		ID: w.id, Schema: schema, Logger: quiet(w.cfg.Logger),
		Queues: map[string]river.QueueConfig{queue: {MaxWorkers: 1}}, Workers: workers,
		JobTimeout: -1, // leases take its place, and that of River's own rescue
	})
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "queue: set up River")
	}
	return client, nil
}

// more says whether to stay with a queue: it has jobs to take, or has some for
// later and no queue that this worker may be able to serve has any to take.
func (w *worker) more(ctx context.Context, queue string) (bool, error) {
	backlogs, err := w.cfg.Store.Backlogs(ctx)
	if err != nil {
		return false, err
	}
	stay := false
	for _, b := range backlogs {
		switch {
		case b.Queue == queue && b.Ready > 0:
			return true, nil
		case b.Queue == queue:
			stay = b.Later > 0
		case b.Ready > 0 && !w.refused(b.Queue):
			return false, nil
		}
	}
	return stay, nil
}

// touch notes that a job begins or ends.
func (w *worker) touch(busy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.last = busy, time.Now()
}

// idle says whether there has been no job for a while.
func (w *worker) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.busy && time.Since(w.last) > idle
}

// hand does the jobs that River takes from one queue.
type hand struct {
	river.WorkerDefaults[packed]
	worker *worker
	queue  string
}

// Work does one job. An error makes River try it again later.
func (h *hand) Work(ctx context.Context, job *river.Job[packed]) error {
	w := h.worker
	w.touch(true)
	defer w.touch(false)
	report, err := h.do(ctx, job.Args)
	var snooze *river.JobSnoozeError
	o := Outcome{ID: job.ID, Report: report, Err: err}
	switch {
	case err == nil:
		o.Result = Finished
	case errors.Is(context.Cause(ctx), river.ErrJobCancelledRemotely):
		o.Result = CutShort
	case ctx.Err() != nil, errors.As(err, &snooze):
		o.Result = GivenBack
	default:
		o.Result = Fails
	}
	w.cfg.Done(o)
	return err
}

func (h *hand) do(ctx context.Context, job packed) (ingest.Report, error) {
	a, err := readArgs(job.text)
	if err != nil {
		return ingest.Report{}, err
	}
	piece, err := a.piece()
	if err != nil {
		return ingest.Report{}, err
	}
	if err := h.worker.cfg.Runner.Ready(ctx, a.Task); err != nil {
		if ctx.Err() == nil {
			h.worker.judge(h.queue, err)
		}
		// For others at once, and after this worker has left the queue.
		return ingest.Report{}, river.JobSnooze(idle)
	}
	report, err := h.worker.cfg.Runner.Run(ctx, a.Task, piece)
	if err != nil {
		return report, err
	}
	kept := report
	if len(piece.Files) == 0 { // as many as an archive has
		kept.Rejections, kept.RejectedFaces, kept.Also = nil, nil, slices.Clone(kept.Also)
		for i := range kept.Also {
			kept.Also[i].Rejections, kept.Also[i].RejectedFaces = nil, nil
		}
	}
	return report, river.RecordOutput(ctx, kept)
}
