package recognize

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"
)

// doubling is a batcher whose run doubles each input's only number. It notes the
// sizes of its batches, and each run takes one from gate, if there is one.
type doubling struct {
	batcher
	gate chan struct{}

	mu    sync.Mutex
	sizes []int
	fail  error
}

func newDoubling(most, workers int, gate chan struct{}) *doubling {
	d := &doubling{gate: gate}
	d.batcher = batcher{most: most, workers: workers, turns: semaphore.NewWeighted(int64(workers)), run: d.double, ran: func(int) {}}
	return d
}

func (d *doubling) double(ctx context.Context, inputs []float32, n int) ([][]float32, error) {
	if d.gate != nil {
		select {
		case <-d.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sizes = append(d.sizes, n)
	out := make([][]float32, n)
	for i := range out {
		out[i] = []float32{2 * inputs[i]}
	}
	return out, d.fail
}

// waitFor lets others go on until it is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never was so")
		}
	}
}

func (d *doubling) queued() int {
	d.batcher.mu.Lock()
	defer d.batcher.mu.Unlock()
	return len(d.waiting)
}

func (d *doubling) serving() int {
	d.batcher.mu.Lock()
	defer d.batcher.mu.Unlock()
	return d.busy
}

func TestBatchKeepsTheOrder(t *testing.T) {
	t.Parallel()
	d := newDoubling(4, 3, nil)
	inputs := make([][]float32, 100)
	for i := range inputs {
		inputs[i] = []float32{float32(i)}
	}
	out, err := d.do(t.Context(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out {
		if v[0] != float32(2*i) {
			t.Fatalf("input %d gave %v", i, v)
		}
	}
	d.close()
	if slices.Max(d.sizes) > 4 {
		t.Errorf("batches of %v, at most 4 are allowed", d.sizes)
	}
}

// What comes while the only worker is busy goes into its next run, of several
// callers.
func TestCallersShareARun(t *testing.T) {
	t.Parallel()
	d := newDoubling(8, 1, make(chan struct{}))
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			out, err := d.do(t.Context(), [][]float32{{float32(i)}})
			if err != nil || out[0][0] != float32(2*i) {
				t.Errorf("caller %d: %v, %v", i, out, err)
			}
		})
		waitFor(t, func() bool { return d.serving() == 1 && d.queued() == i })
	}
	d.gate <- struct{}{}
	d.gate <- struct{}{}
	group.Wait()
	d.close()
	if !slices.Equal(d.sizes, []int{1, 5}) {
		t.Errorf("runs of %v inputs, want one and then the five that had come", d.sizes)
	}
}

// A worker leaves the idle ones their share of what one caller brings.
func TestWorkersShareOneCall(t *testing.T) {
	t.Parallel()
	d := newDoubling(16, 2, make(chan struct{}))
	done := make(chan error)
	go func() {
		_, err := d.do(t.Context(), [][]float32{{1}, {2}, {3}, {4}, {5}})
		done <- err
	}()
	waitFor(t, func() bool { return d.serving() == 2 })
	d.gate <- struct{}{}
	d.gate <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	d.close()
	slices.Sort(d.sizes)
	if !slices.Equal(d.sizes, []int{2, 3}) {
		t.Errorf("runs of %v inputs, want halves", d.sizes)
	}
}

// A caller that leaves takes its inputs along, and ends a run that is for it
// alone; the others are served.
func TestCallerThatLeaves(t *testing.T) {
	t.Parallel()
	d := newDoubling(8, 1, make(chan struct{}))
	served, cancelServed := context.WithCancel(t.Context())
	queued, cancelQueued := context.WithCancel(t.Context())
	leaving := make(chan error, 2)
	leave := func(ctx context.Context, value float32) {
		_, err := d.do(ctx, [][]float32{{value}})
		leaving <- err
	}
	go leave(served, 1)
	waitFor(t, func() bool { return d.serving() == 1 })
	go leave(queued, 2)
	waitFor(t, func() bool { return d.queued() == 1 })
	staying := make(chan []float32)
	go func() {
		out, err := d.do(context.Background(), [][]float32{{3}})
		if err != nil {
			t.Error(err)
			out = [][]float32{nil}
		}
		staying <- out[0]
	}()
	waitFor(t, func() bool { return d.queued() == 2 })
	cancelQueued()
	cancelServed() // whose run never gets a turn at the gate
	for range 2 {
		if err := <-leaving; !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that left got %v", err)
		}
	}
	d.gate <- struct{}{}
	if got := <-staying; !slices.Equal(got, []float32{6}) {
		t.Errorf("the caller that stayed got %v", got)
	}
	d.close()
	if !slices.Equal(d.sizes, []int{1}) {
		t.Errorf("runs of %v inputs, want one of the caller that stayed", d.sizes)
	}
}

// The only worker's caller runs all it brings, no more at a time than a run takes.
func TestLoneCallerRunsInTurn(t *testing.T) {
	t.Parallel()
	d := newDoubling(2, 1, nil)
	out, err := d.do(t.Context(), [][]float32{{1}, {2}, {3}, {4}, {5}})
	if err != nil || len(out) != 5 || out[4][0] != 10 {
		t.Errorf("got %v, %v", out, err)
	}
	d.close()
	if !slices.Equal(d.sizes, []int{2, 2, 1}) {
		t.Errorf("runs of %v inputs", d.sizes)
	}
}

func TestFailedRunFailsItsCallers(t *testing.T) {
	t.Parallel()
	d := newDoubling(8, 1, nil)
	d.fail = errors.New("no memory")
	if _, err := d.do(t.Context(), [][]float32{{1}, {2}}); !errors.Is(err, d.fail) {
		t.Errorf("got %v", err)
	}
	d.close()
	if _, err := d.do(t.Context(), [][]float32{{1}}); !errors.Is(err, errClosed) {
		t.Errorf("after closing: %v", err)
	}
	if _, err := d.do(t.Context(), nil); !errors.Is(err, errClosed) {
		t.Errorf("nothing, after closing: %v", err)
	}
}

// Many callers at once, under the race detector: each gets its own.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	d := newDoubling(7, 3, nil)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for k := range 20 {
				a, b := float32(i), float32(k)
				out, err := d.do(t.Context(), [][]float32{{a}, {b}})
				if err != nil || out[0][0] != 2*a || out[1][0] != 2*b {
					t.Errorf("caller %d: %v, %v", i, out, err)
				}
			}
		})
	}
	group.Wait()
	d.close()
}
