package queue

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// Store is the database that River's tables are in.
type Store interface {
	// Queue is how River reaches its tables, and the schema that they are in.
	Queue() (driver riverdriver.Driver[pgx.Tx], schema string)
	// QueueError gives an error that River returned its meaning, as a *face.Error.
	QueueError(op string, err error) error
	// JobCounts returns how many jobs there are, by state.
	JobCounts(ctx context.Context) (map[rivertype.JobState]int, error)
}

// Queue adds jobs and tells of them. It may be used by several goroutines at
// once, and holds nothing that had to be closed.
type Queue struct {
	store Store
	river *river.Client[pgx.Tx]
}

// New makes a Queue of a database.
func New(store Store) (*Queue, error) {
	driver, schema := store.Queue()
	client, err := river.NewClient(driver, &river.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "queue: set up River")
	}
	return &Queue{store: store, river: client}, nil
}

// Filling is the adding of one task's pieces. It is for one goroutine.
type Filling struct {
	queue *Queue
	task  Task
	name  string
	wait  []river.InsertManyParams
	// Jobs counts those that are added, Standing those that the queue had already.
	Jobs, Standing int
	// IDs are the numbers of all of them.
	IDs []int64
}

// addAtOnce is how many jobs are added in one transaction.
const addAtOnce = 50

// Fill begins to add jobs of a task.
func (q *Queue) Fill(task Task) (*Filling, error) {
	name, err := task.queue()
	return &Filling{queue: q, task: task, name: name}, err
}

// Add adds a piece, now or with the next ones. Errors are those of End.
func (f *Filling) Add(ctx context.Context, piece ingest.Piece) error {
	a, err := newArgs(f.task, piece)
	if err != nil {
		return err
	}
	f.wait = append(f.wait, river.InsertManyParams{Args: a, InsertOpts: &river.InsertOpts{Queue: f.name}})
	if len(f.wait) < addAtOnce {
		return nil
	}
	return f.End(ctx)
}

// End adds the pieces that wait. It returns Unavailable where the database does
// not answer: what was added stands, and is not added twice.
func (f *Filling) End(ctx context.Context) error {
	if len(f.wait) == 0 {
		return nil
	}
	added, err := f.queue.river.InsertMany(ctx, f.wait)
	if err != nil {
		return f.queue.store.QueueError("queue.Add", err)
	}
	f.wait = nil
	for _, one := range added {
		f.IDs = append(f.IDs, one.Job.ID)
		if one.UniqueSkippedAsDuplicate {
			f.Standing++
		} else {
			f.Jobs++
		}
	}
	return nil
}

// Filter narrows a list of jobs down.
type Filter struct {
	// States are those wanted. Defaults to all.
	States []State
	// Limit is how many jobs there are at most, up to 10,000. Defaults to 100.
	Limit int
}

// List returns jobs without their files, the newest first. It returns Invalid for
// a filter that cannot be.
func (q *Queue) List(ctx context.Context, filter Filter) ([]Job, error) {
	const most, usual = 10_000, 100
	params := river.NewJobListParams().Kinds(kind).OrderBy(river.JobListOrderByID, river.SortOrderDesc)
	if filter.Limit == 0 {
		filter.Limit = usual
	}
	if filter.Limit < 0 || filter.Limit > most {
		return nil, face.Errorf(face.Invalid, "queue: a list of %d jobs: ask for 1 to %d", filter.Limit, most)
	}
	if len(filter.States) > 0 {
		states, err := riverStates(filter.States)
		if err != nil {
			return nil, err
		}
		params = params.States(states...)
	}
	found, err := q.river.JobList(ctx, params.First(filter.Limit))
	if err != nil {
		return nil, q.store.QueueError("queue.List", err)
	}
	jobs := make([]Job, len(found.Jobs))
	for i, row := range found.Jobs {
		jobs[i] = jobOf(row)
		jobs[i].Paths, jobs[i].Report = nil, nil
	}
	return jobs, nil
}

// Show returns one job with its files. It returns NotFound for none.
func (q *Queue) Show(ctx context.Context, id int64) (Job, error) {
	row, err := q.river.JobGet(ctx, id)
	if err != nil {
		return Job{}, q.jobError("queue.Show", id, err)
	}
	return jobOf(row), nil
}

// Cancel ends a job. One that a worker is at is given up by it within seconds;
// what it has committed stands. A job that is at an end stays as it is. It returns
// NotFound for none.
func (q *Queue) Cancel(ctx context.Context, id int64) (Job, error) {
	row, err := q.river.JobCancel(ctx, id)
	if err != nil {
		return Job{}, q.jobError("queue.Cancel", id, err)
	}
	return jobOf(row), nil
}

func (q *Queue) jobError(op string, id int64, err error) error {
	if errors.Is(err, rivertype.ErrNotFound) {
		return face.Errorf(face.NotFound, "there is no job %d: see visage jobs list", id)
	}
	return q.store.QueueError(op, err)
}

// Counts returns how many jobs there are by state; of those at an end, since
// River's last cleaning (done and cancelled ones stay a day, failed ones a week).
func (q *Queue) Counts(ctx context.Context) (map[State]int, error) {
	found, err := q.store.JobCounts(ctx)
	counts := map[State]int{}
	for state, n := range found {
		counts[stateOf(state)] += n
	}
	return counts, err
}
