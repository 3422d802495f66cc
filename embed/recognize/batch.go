package recognize

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// batcher lets callers that come at the same time share runs of a network. It
// never waits for more of them, only for its turn at a processor: what has come
// until then goes into one run, so that a lone caller is served at once and many
// are served in large batches.
type batcher struct {
	// run computes the embeddings of n inputs that lie one after the other.
	run func(ctx context.Context, inputs []float32, n int) ([][]float32, error)
	// most inputs of one run.
	most int
	// workers is how many runs there may be at once.
	workers int
	// turns are the processors, one for each run. They are had in the order in
	// which they are asked for, also by others that find the faces.
	turns  *semaphore.Weighted
	ran    func(inputs int) // told of each run
	joined sync.Pool        // of *[]float32, the inputs of one run

	mu      sync.Mutex
	waiting []*job
	started int // workers that were started and are not done
	busy    int // those of them that have a batch
	closed  bool
	done    sync.WaitGroup // of the workers
}

// job is one input that somebody waits for.
type job struct {
	ctx       context.Context //nolint:containedctx // a job lives as long as the call that waits for it
	input     []float32
	embedding []float32
	err       error
	done      chan struct{} // closed when embedding or err is there
}

var errClosed = errors.New("the recogniser is closed")

// do computes the embeddings of the inputs, in their order. It returns early
// with the context's error when ctx ends; then the inputs may be in use still.
func (b *batcher) do(ctx context.Context, inputs [][]float32) ([][]float32, error) {
	if b.alone(len(inputs)) {
		defer b.step()
		return b.inTurn(ctx, inputs)
	}
	jobs := make([]*job, len(inputs))
	for i, input := range inputs {
		jobs[i] = &job{ctx: ctx, input: input, done: make(chan struct{})}
	}
	if err := b.add(jobs); err != nil {
		return nil, err
	}
	out := make([][]float32, len(jobs))
	for i, j := range jobs {
		select {
		case <-j.done:
		case <-ctx.Done(): // whoever has the job by now delivers it to nobody
			return nil, ctx.Err()
		}
		if j.err != nil {
			return nil, j.err
		}
		out[i] = j.embedding
	}
	return out, nil
}

// alone says whether a caller may run its inputs itself, which spares the change
// to another goroutine, a tenth of a small network's time. It may where nobody
// waits, not for a processor either, and no other worker could take a part of
// them; it is a worker then until it calls step.
func (b *batcher) alone(inputs int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	hands := b.workers - b.busy
	if b.closed || len(b.waiting) > 0 || b.started == b.workers || inputs == 0 || inputs > 1 && hands > 1 || !b.turns.TryAcquire(1) {
		return false
	}
	b.started++
	b.busy++
	b.done.Add(1)
	return true
}

// step ends a caller's time as a worker. What has come meanwhile is another's.
func (b *batcher) step() {
	defer b.done.Done()
	b.turns.Release(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	if len(b.waiting) == 0 {
		b.started--
		return
	}
	b.done.Go(b.work)
}

// add queues jobs, and starts workers for them as far as there may be more.
func (b *batcher) add(jobs []*job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	b.waiting = append(b.waiting, jobs...)
	for n := min(b.workers-b.started, len(b.waiting)); n > 0; n-- {
		b.started++
		b.done.Go(b.work)
	}
	return nil
}

// work serves jobs until none is left.
func (b *batcher) work() {
	for b.turn() {
	}
}

// turn waits for a processor and serves a batch, unless nobody waits for one.
func (b *batcher) turn() bool {
	if b.turns.Acquire(context.Background(), 1) != nil {
		return false // never: only the end of a context ends the waiting
	}
	defer b.turns.Release(1)
	batch := b.take()
	if len(batch) == 0 {
		return false
	}
	b.serve(batch)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	return true
}

// take gives a worker its next batch: its share of what waits, which leaves
// something for the workers that are idle. A worker that gets nothing is done.
func (b *batcher) take() []*job {
	b.mu.Lock()
	defer b.mu.Unlock()
	hands := b.workers - b.busy
	n := min(b.most, (len(b.waiting)+hands-1)/hands)
	if n == 0 {
		b.started--
		return nil
	}
	b.busy++
	batch := append([]*job(nil), b.waiting[:n]...)
	b.waiting = append(b.waiting[:0], b.waiting[n:]...)
	return batch
}

// serve runs one batch. Jobs that nobody waits for any more are left out.
func (b *batcher) serve(batch []*job) {
	wanted := batch[:0]
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			close(j.done)
			continue
		}
		wanted = append(wanted, j)
	}
	if len(wanted) == 0 {
		return
	}
	ctx, stop := whileWanted(wanted)
	defer stop()
	inputs := make([][]float32, len(wanted))
	for i, j := range wanted {
		inputs[i] = j.input
	}
	embeddings, err := b.together(ctx, inputs)
	for i, j := range wanted {
		if j.err = err; err == nil {
			j.embedding = embeddings[i]
		}
		close(j.done)
	}
}

// whileWanted is a context that ends when those of all jobs have ended.
func whileWanted(jobs []*job) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	var left atomic.Int64
	left.Store(int64(len(jobs)))
	stops := make([]func() bool, len(jobs))
	for i, j := range jobs {
		stops[i] = context.AfterFunc(j.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// inTurn runs as many inputs at a time as one run takes.
func (b *batcher) inTurn(ctx context.Context, inputs [][]float32) ([][]float32, error) {
	all := make([][]float32, 0, len(inputs))
	for some := range slices.Chunk(inputs, b.most) {
		embeddings, err := b.together(ctx, some)
		if err != nil {
			return nil, err
		}
		all = append(all, embeddings...)
	}
	return all, nil
}

// together runs inputs, one after the other in memory that was used before.
func (b *batcher) together(ctx context.Context, inputs [][]float32) ([][]float32, error) {
	b.ran(len(inputs))
	if len(inputs) == 1 {
		return b.run(ctx, inputs[0], 1)
	}
	joined, ok := b.joined.Get().(*[]float32)
	if !ok {
		joined = new([]float32)
	}
	defer b.joined.Put(joined)
	*joined = (*joined)[:0]
	for _, input := range inputs {
		*joined = append(*joined, input...)
	}
	return b.run(ctx, *joined, len(inputs))
}

// close refuses further jobs and waits for those that are there.
func (b *batcher) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.done.Wait()
}
