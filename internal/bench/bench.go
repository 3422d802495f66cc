// Package bench holds what benchmarks print: each measures a speed beside a
// limit or a peer, in one run on one machine.
package bench

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Report is what a benchmark prints as JSON.
type Report struct {
	Machine Machine  `json:"machine"`
	Results []Result `json:"results"`
}

// Machine is where it ran.
type Machine struct {
	CPU      string            `json:"cpu"`
	CPUs     int               `json:"cpus"` // that this process may use
	OS       string            `json:"os"`
	Arch     string            `json:"arch"`
	Go       string            `json:"go"`
	Versions map[string]string `json:"versions"` // of the libraries that count
}

// Result is one measured speed. Names are stable across releases.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // the median of the rounds, in Unit
	Unit  string  `json:"unit"`
	// Against says what Reference, in the same unit and measured in the same
	// rounds, is the speed of. Both are empty where there is nothing to compare.
	Against   string  `json:"against,omitempty"`
	Reference float64 `json:"reference,omitempty"`
	// Ratio is the median over the rounds of value over reference.
	Ratio float64 `json:"ratio,omitempty"`
	// Recall is the share of the mates that were found, of those that an exact search
	// finds, 0 to 1; nil where that is no question.
	Recall *float64 `json:"recall,omitempty"`
	// Spread are the least and the largest value of the rounds.
	Spread [2]float64 `json:"spread"`
	Notes  string     `json:"notes,omitempty"`
}

// Rounds are the speeds of one thing and of what it is compared with, round by
// round.
type Rounds struct {
	Values     []float64
	References []float64 // as many, or none
}

// Result sums the rounds up. It needs at least one.
func (r Rounds) Result(name, unit, against, notes string) Result {
	out := Result{
		Name: name, Value: Median(r.Values), Unit: unit, Notes: notes,
		Spread: [2]float64{slices.Min(r.Values), slices.Max(r.Values)},
	}
	if len(r.References) == 0 {
		return out
	}
	ratios := make([]float64, len(r.Values))
	for i, v := range r.Values {
		ratios[i] = v / r.References[i]
	}
	out.Against, out.Reference, out.Ratio = against, Median(r.References), Median(ratios)
	return out
}

// Median is the middle value, or the mean of the two in the middle; not a
// number for no values.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// ThisMachine describes where the program runs.
func ThisMachine(versions map[string]string) Machine {
	return Machine{
		CPU: processor(), CPUs: runtime.GOMAXPROCS(0), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Go: runtime.Version(), Versions: versions,
	}
}

// processor is the model's name as Linux tells it; elsewhere "unknown".
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// Text is the result as a table's row shows it: name, speed, reference, ratio,
// spread and recall.
func (r Result) Text() []string {
	row := []string{r.Name, fmt.Sprintf("%.1f %s", r.Value, r.Unit), "", "", fmt.Sprintf("%.1f to %.1f", r.Spread[0], r.Spread[1]), ""}
	if r.Recall != nil {
		row[5] = fmt.Sprintf("%.4f", *r.Recall)
	}
	if r.Against != "" {
		row[2], row[3] = fmt.Sprintf("%.1f", r.Reference), fmt.Sprintf("%.2f", r.Ratio)
	}
	return row
}
