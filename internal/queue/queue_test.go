package queue_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/internal/queue"
)

var _ queue.WorkStore = (*postgres.DB)(nil)

func task(root string) queue.Task {
	space := face.Space{Recognizer: "R", Weights: strings.Repeat("ab", 32), Profile: face.Native, Dim: 4, Unit: true}
	return queue.Task{
		Gallery: "g", Root: queue.Raw(root), Spaces: []face.Space{space},
		Models: queue.Models{Recognizers: []string{"R"}, Detector: "d", Setting: "d", Profile: face.Native},
	}
}

// piece has one file, by a number.
func piece(i int) ingest.Piece {
	name := fmt.Sprintf("%d-\xff.jpg", i)
	return ingest.Piece{Files: []ingest.Listed{{Path: name, Name: name}}, Seen: "then"}
}

// bench is a database with a queue.
type bench struct {
	*testing.T
	db    *postgres.DB
	queue *queue.Queue
}

func setup(t *testing.T) *bench {
	t.Helper()
	db := pgtest.New(t)
	q, err := queue.New(db)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, db, q}
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// add queues pieces of a task by their numbers, and says how many were new.
func (b *bench) add(of queue.Task, numbers ...int) (jobs, standing int) {
	b.Helper()
	f, err := b.queue.Fill(of)
	b.ok(err)
	for _, i := range numbers {
		b.ok(f.Add(b.Context(), piece(i)))
	}
	b.ok(f.End(b.Context()))
	return f.Jobs, f.Standing
}

func (b *bench) counts(want map[queue.State]int) {
	b.Helper()
	got, err := b.queue.Counts(b.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		b.Errorf("jobs by state %v (%v), want %v", got, err, want)
	}
}

func upTo(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i)
	}
	return numbers
}

// A piece is queued once, until it is at an end, and again in another state.
func TestAddOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if jobs, standing := b.add(task("/p"), upTo(120)...); jobs != 120 || standing != 0 {
		t.Errorf("%d new, %d standing", jobs, standing)
	}
	if jobs, standing := b.add(task("/p"), upTo(130)...); jobs != 10 || standing != 120 {
		t.Errorf("again: %d new, %d standing", jobs, standing)
	}
	if jobs, _ := b.add(task("/other"), 1); jobs != 1 {
		t.Errorf("of another folder: %d new", jobs)
	}
	f, err := b.queue.Fill(task("/p"))
	b.ok(err)
	changed := piece(1)
	changed.Seen = "now"
	b.ok(f.Add(t.Context(), changed))
	b.ok(f.End(t.Context()))
	if f.Jobs != 1 {
		t.Errorf("a file that has changed: %d new", f.Jobs)
	}
	b.counts(map[queue.State]int{queue.Waiting: 132})
}

func TestListShowCancel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(task("/p/\xff"), 1, 2, 3)
	jobs, err := b.queue.List(t.Context(), queue.Filter{})
	b.ok(err)
	if len(jobs) != 3 || jobs[0].ID < jobs[2].ID || jobs[0].Root != `/p/\xff` || jobs[0].Files != 1 || jobs[0].State != queue.Waiting || jobs[0].Paths != nil {
		t.Fatalf("jobs %+v", jobs)
	}
	job, err := b.queue.Show(t.Context(), jobs[2].ID)
	if err != nil || !reflect.DeepEqual(job.Paths, []string{`1-\xff.jpg`}) || job.Spaces[0] != "R-native-abababab" || job.Detector != "d" {
		t.Errorf("job %+v (%v)", job, err)
	}
	if job, err = b.queue.Cancel(t.Context(), job.ID); err != nil || job.State != queue.Cancelled || job.Finished == nil {
		t.Errorf("cancelled: %+v (%v)", job, err)
	}
	if jobs, err = b.queue.List(t.Context(), queue.Filter{States: []queue.State{queue.Waiting, queue.Failed}, Limit: 1}); err != nil || len(jobs) != 1 {
		t.Errorf("waiting: %+v (%v)", jobs, err)
	}
	if jobs, standing := b.add(task("/p/\xff"), 1, 2); jobs != 1 || standing != 1 {
		t.Errorf("after the cancellation: %d new, %d standing", jobs, standing)
	}
	for _, err := range []error{
		second(b.queue.Show(t.Context(), 99)), second(b.queue.Cancel(t.Context(), 99)),
	} {
		if face.CodeOf(err) != face.NotFound || !strings.Contains(err.Error(), "99") {
			t.Errorf("no job: %v", err)
		}
	}
	for _, filter := range []queue.Filter{{Limit: -1}, {Limit: 10_001}, {States: []queue.State{"lost"}}} {
		if _, err := b.queue.List(t.Context(), filter); face.CodeOf(err) != face.Invalid {
			t.Errorf("%+v: %v", filter, err)
		}
	}
}

func second(_ queue.Job, err error) error { return err }

func TestWithoutTheTables(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const last = 12 // version without the queue
	for version := uint(last + 1); version > last; {
		b.ok(b.db.MigrateDown(t.Context(), 1))
		var err error
		version, _, err = b.db.MigrateVersion(t.Context())
		b.ok(err)
	}
	f, err := b.queue.Fill(task("/p"))
	b.ok(err)
	b.ok(f.Add(t.Context(), piece(1)))
	if err := f.End(t.Context()); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "migrate up") {
		t.Errorf("End: %v", err)
	}
	if _, err := b.queue.List(t.Context(), queue.Filter{}); face.CodeOf(err) != face.Unavailable {
		t.Errorf("List: %v", err)
	}
}
