package queue_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/queue"
)

// runner is a stand-in that notes what it was asked to do.
type runner struct {
	mu    sync.Mutex
	ran   []string // roots and files
	ready func(queue.Task) error
	run   func(ctx context.Context, name string) error
}

func (r *runner) Ready(_ context.Context, task queue.Task) error {
	if r.ready != nil {
		return r.ready(task)
	}
	return nil
}

func (r *runner) Run(ctx context.Context, task queue.Task, piece ingest.Piece) (ingest.Report, error) {
	name := string(task.Root) + "/" + piece.Files[0].Path
	r.mu.Lock()
	r.ran = append(r.ran, name)
	r.mu.Unlock()
	if r.run != nil {
		if err := r.run(ctx, name); err != nil {
			return ingest.Report{Files: 1}, err
		}
	}
	return ingest.Report{Files: 1, Ingested: 1}, nil
}

func (r *runner) done() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(slices.Values(r.ran))
}

// config is a worker in a hurry. Its outcomes are counted.
func (b *bench) config(r *runner, outcomes map[queue.Result]int) queue.Config {
	var mu sync.Mutex
	return queue.Config{
		Store: b.db, Runner: r, UntilEmpty: true, Lease: 2 * time.Second, Look: 100 * time.Millisecond,
		Done: func(o queue.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[o.Result]++
		},
	}
}

// Two workers share the jobs of two tasks out, each job to one of them.
func TestWorkersShare(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), upTo(20)...)
	b.add(task("/q"), upTo(3)...)
	one, two := &runner{run: brief}, &runner{run: brief}
	did := [2]map[queue.Result]int{{}, {}}
	var both sync.WaitGroup
	for i, r := range []*runner{one, two} {
		both.Go(func() {
			if err := queue.Work(t.Context(), b.config(r, did[i])); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	all := slices.Concat(one.done(), two.done())
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != 23 || len(all) != 23 || len(one.done()) == 0 || len(two.done()) == 0 {
		t.Errorf("one did %d, two %d", len(one.done()), len(two.done()))
	}
	if did[0][queue.Finished]+did[1][queue.Finished] != 23 {
		t.Errorf("outcomes %v", did)
	}
	b.counts(map[queue.State]int{queue.Done: 23})
	jobs, err := b.queue.List(t.Context(), queue.Filter{Limit: 1})
	b.ok(err)
	job, err := b.queue.Show(t.Context(), jobs[0].ID)
	if err != nil || job.Report == nil || job.Report.Ingested != 1 || job.Attempts != 1 || job.Worker == "" {
		t.Errorf("job %+v (%v)", job, err)
	}
}

func brief(context.Context, string) error {
	time.Sleep(20 * time.Millisecond)
	return nil
}

// A worker leaves alone what it is not ready for, says so, and does the rest.
func TestWorkerLeavesWhatIsNotForIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/unseen"), upTo(5)...)
	b.add(task("/p"), 1, 2)
	did := map[queue.Result]int{}
	r := &runner{ready: func(of queue.Task) error {
		if of.Root == "/unseen" {
			return face.Errorf(face.NotFound, "no folder %s", of.Root)
		}
		return nil
	}}
	err := queue.Work(t.Context(), b.config(r, did))
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "other workers: 5") || !strings.Contains(err.Error(), "no folder /unseen") {
		t.Errorf("error %v", err)
	}
	if len(r.done()) != 2 || !reflect.DeepEqual(did, map[queue.Result]int{queue.Finished: 2}) {
		t.Errorf("did %v, %v", r.done(), did)
	}
	b.counts(map[queue.State]int{queue.Done: 2, queue.Waiting: 5})
	jobs, err := b.queue.List(t.Context(), queue.Filter{States: []queue.State{queue.Waiting}})
	b.ok(err)
	for _, j := range jobs {
		if j.Attempts != 0 || j.Worker != "" || j.Error != "" {
			t.Errorf("a job that was left: %+v", j)
		}
	}
	b.ok(queue.Work(t.Context(), b.config(&runner{}, did)))
	b.counts(map[queue.State]int{queue.Done: 7})
}

// What a worker ceases to be ready for goes back, at no cost to the job.
func TestWorkerCeasesToBeReady(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), upTo(4)...)
	did := map[queue.Result]int{}
	r := &runner{}
	r.ready = func(queue.Task) error {
		if len(r.done()) >= 2 {
			return face.Errorf(face.NotFound, "unmounted")
		}
		return nil
	}
	if err := queue.Work(t.Context(), b.config(r, did)); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "unmounted") {
		t.Errorf("error %v", err)
	}
	b.counts(map[queue.State]int{queue.Done: 2, queue.Waiting: 2})
	if did[queue.Finished] != 2 || did[queue.GivenBack] == 0 {
		t.Errorf("outcomes %v", did)
	}
	jobs, err := b.queue.List(t.Context(), queue.Filter{States: []queue.State{queue.Waiting}})
	if err != nil || jobs[0].Attempts+jobs[1].Attempts != 0 {
		t.Errorf("jobs %+v (%v)", jobs, err)
	}
}

// Told to stop, a worker gives its job back, and another does it.
func TestStoppedWorkerGivesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), 1, 2)
	ctx, stop := context.WithCancel(t.Context())
	did := map[queue.Result]int{}
	r := &runner{run: func(ctx context.Context, _ string) error {
		stop()
		<-ctx.Done()
		return face.Wrap(face.Cancelled, ctx.Err(), "stopped")
	}}
	cfg := b.config(r, did)
	cfg.UntilEmpty = false
	b.ok(queue.Work(ctx, cfg))
	b.counts(map[queue.State]int{queue.Waiting: 2})
	if !reflect.DeepEqual(did, map[queue.Result]int{queue.GivenBack: 1}) {
		t.Errorf("outcomes %v", did)
	}
	b.ok(queue.Work(t.Context(), b.config(&runner{}, did)))
	b.counts(map[queue.State]int{queue.Done: 2})
}

// A job of a worker that falls silent is taken by another; one that lives keeps
// its own, however long it takes.
func TestSilentWorkersJobIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), 1)
	release, slow := make(chan struct{}), make(chan struct{})
	silent := &runner{run: func(context.Context, string) error {
		close(slow)
		<-release
		return nil
	}}
	cfg := b.config(silent, map[queue.Result]int{})
	cfg.Lease = time.Hour // it does not say that it lives
	var first sync.WaitGroup
	first.Go(func() {
		if err := queue.Work(t.Context(), cfg); err != nil {
			t.Error(err)
		}
	})
	<-slow
	living := &runner{run: func(context.Context, string) error {
		time.Sleep(5 * time.Second) // two leases and more
		return nil
	}}
	other := &runner{}
	var rest sync.WaitGroup
	for _, r := range []*runner{living, other} {
		rest.Go(func() {
			if err := queue.Work(t.Context(), b.config(r, map[queue.Result]int{})); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(3 * time.Second)
	}
	rest.Wait()
	close(release)
	first.Wait()
	if len(living.done())+len(other.done()) != 1 {
		t.Errorf("the job was done %d and %d times more", len(living.done()), len(other.done()))
	}
	b.counts(map[queue.State]int{queue.Done: 1})
}

// A running job that is cancelled ends, and is not tried again.
func TestCancelOfARunningJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), 1)
	did := map[queue.Result]int{}
	r := &runner{run: func(ctx context.Context, _ string) error {
		jobs, err := b.queue.List(t.Context(), queue.Filter{})
		if err != nil || jobs[0].State != queue.Running {
			return errors.Join(err, errors.New("it is not running"))
		}
		if _, err := b.queue.Cancel(t.Context(), jobs[0].ID); err != nil {
			return err
		}
		<-ctx.Done()
		return face.Wrap(face.Cancelled, ctx.Err(), "stopped")
	}}
	b.ok(queue.Work(t.Context(), b.config(r, did)))
	b.counts(map[queue.State]int{queue.Cancelled: 1})
	if !reflect.DeepEqual(did, map[queue.Result]int{queue.CutShort: 1}) {
		t.Errorf("outcomes %v", did)
	}
}

// A job that fails is tried again.
func TestFailedJobIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p"), 1)
	did := map[queue.Result]int{}
	r := &runner{}
	r.run = func(context.Context, string) error {
		if len(r.done()) == 1 {
			return face.Errorf(face.Unavailable, "the ledger is away")
		}
		return nil
	}
	b.ok(queue.Work(t.Context(), b.config(r, did)))
	b.counts(map[queue.State]int{queue.Done: 1})
	if !reflect.DeepEqual(did, map[queue.Result]int{queue.Fails: 1, queue.Finished: 1}) {
		t.Errorf("outcomes %v", did)
	}
	jobs, err := b.queue.List(t.Context(), queue.Filter{})
	if err != nil || jobs[0].Attempts != 2 || !strings.Contains(jobs[0].Error, "the ledger is away") {
		t.Errorf("jobs %+v (%v)", jobs, err)
	}
}
