package bench_test

import (
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/bench"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := bench.Median(c.values); got != c.want {
			t.Errorf("median of %v is %g, want %g", c.values, got, c.want)
		}
	}
	if !math.IsNaN(bench.Median(nil)) {
		t.Error("no values have a median")
	}
}

// The ratio is the median of the rounds' ratios, not the ratio of the medians.
func TestRounds(t *testing.T) {
	t.Parallel()
	r := bench.Rounds{Values: []float64{10, 20, 30}, References: []float64{20, 100, 40}}
	got := r.Result("detect.x", "1/s", "the bare network", "")
	if got.Value != 20 || got.Reference != 40 || got.Ratio != 0.5 || got.Spread != [2]float64{10, 30} {
		t.Errorf("got %+v", got)
	}
	if row := got.Text(); !slices.Equal(row, []string{"detect.x", "20.0 1/s", "40.0", "0.50", "10.0 to 30.0", ""}) {
		t.Errorf("row %q", row)
	}
	recall := 0.98765
	got.Recall = &recall
	if row := got.Text(); row[5] != "0.9877" {
		t.Errorf("row %q", row)
	}
	alone := bench.Rounds{Values: []float64{7}}.Result("detect.y", "1/s", "the bare network", "no network")
	if alone.Against != "" || alone.Ratio != 0 || alone.Text()[3] != "" {
		t.Errorf("got %+v", alone)
	}
}

func TestThisMachine(t *testing.T) {
	t.Parallel()
	m := bench.ThisMachine(map[string]string{"opencv": "4"})
	if m.CPUs < 1 || m.CPU == "" || m.OS == "" || m.Arch == "" || m.Go == "" || m.Versions["opencv"] != "4" {
		t.Errorf("got %+v", m)
	}
}
