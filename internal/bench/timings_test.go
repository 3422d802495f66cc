package bench_test

import (
	"context"
	"errors"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/bench"
)

func TestTimings(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	timings := bench.Timings{{10 * ms, 30 * ms}, {20 * ms}, nil}
	if got := timings.PerSecond(); math.Abs(got-100) > 1e-9 { // 50 and 50
		t.Errorf("%g per second, want 100", got)
	}
	for q, want := range map[float64]time.Duration{0.01: 10 * ms, 0.5: 20 * ms, 0.99: 30 * ms, 1: 30 * ms} {
		if got := timings.Quantile(q); got != want {
			t.Errorf("quantile %g is %s, want %s", q, got, want)
		}
	}
	if none := (bench.Timings{nil}); none.PerSecond() != 0 || none.Quantile(0.5) != 0 {
		t.Error("no requests have a rate")
	}
}

// What comes while connections warm up does not count, and every client is heard
// once at least.
func TestLoad(t *testing.T) {
	t.Parallel()
	wait := func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
			return nil
		}
	}
	got, err := bench.Load(t.Context(), 2, bench.Span{Warm: 100 * time.Millisecond, Counted: 100 * time.Millisecond}, wait)
	if err != nil || len(got) != 2 || len(got[0]) == 0 || len(got[0]) > 20 || got[0][0] < 5*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := bench.Load(t.Context(), 1, bench.Span{}, wait); err != nil || len(got[0]) != 1 {
		t.Errorf("in no time: %v, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := bench.Load(t.Context(), 3, bench.Span{Counted: time.Hour}, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// Requests are sent when they are due, whatever the others take, and a late one's
// time counts from then.
func TestPaced(t *testing.T) {
	t.Parallel()
	slow := func(context.Context) error { time.Sleep(200 * time.Millisecond); return nil }
	begun := time.Now()
	got, err := bench.Paced(t.Context(), 200, 500*time.Millisecond, 1, slow)
	if err != nil || len(got[0]) < 60 || len(got[0]) > 140 || got.Quantile(0.01) < 200*time.Millisecond {
		t.Errorf("%d requests of 100, %v", len(got[0]), err)
	}
	if took := time.Since(begun); took < 600*time.Millisecond {
		t.Errorf("not all were waited for: %s", took)
	}
	if got, err := bench.Paced(t.Context(), 1000, 0, 1, slow); err != nil || len(got[0]) != 1 {
		t.Errorf("in no time: %v, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := bench.Paced(t.Context(), 100, time.Hour, 1, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// A program that is none, and one that is not pgbench.
func TestPgbenchFails(t *testing.T) {
	t.Parallel()
	run := func(program string) error {
		_, err := bench.Pgbench{Program: program}.Run(t.Context(), "SELECT 1;", 1, bench.Span{Counted: time.Second})
		return err
	}
	if err := run("/nonexistent/pgbench"); err == nil || !strings.Contains(err.Error(), "/nonexistent/pgbench") {
		t.Errorf("got %v", err)
	}
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("this machine has no program true")
	}
	if err := run(program); err == nil || !strings.Contains(err.Error(), "did nothing") {
		t.Errorf("got %v", err)
	}
}
