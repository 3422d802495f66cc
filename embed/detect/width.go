package detect

import (
	"fmt"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/ort"
)

// Some graphs give their outputs in any order and under any name. They are told
// apart by their width: how many values they hold for each candidate, which is
// the last dimension.

// widthOf is 0 for a scalar and -1 where the graph leaves the width open.
func widthOf(shape []int64) int64 {
	if len(shape) == 0 {
		return 0
	}
	return shape[len(shape)-1]
}

// wantWidths refuses a graph whose outputs cannot have the widths, one each.
// What the graph leaves open shows when it runs.
func wantWidths(network Network, widths ...int64) error {
	ports := network.Outputs()
	if len(ports) != len(widths) {
		return fmt.Errorf("%d outputs, want %d, of %v values for each candidate", len(ports), len(widths), widths)
	}
	missing := slices.Clone(widths)
	for _, p := range ports {
		w := widthOf(p.Shape)
		at := slices.Index(missing, w)
		if w >= 0 && at < 0 {
			return fmt.Errorf("output %s has %d values for each candidate, want outputs of %v", p.Name, w, widths)
		}
		if at >= 0 {
			missing = slices.Delete(missing, at, at+1)
		}
	}
	return nil
}

// byWidth returns the values of the outputs in the order of their widths, which
// differ. All must hold the same number of candidates.
func byWidth(out []ort.Tensor, widths ...int64) ([][]float32, error) {
	values := make([][]float32, len(widths))
	for i, w := range widths {
		at := slices.IndexFunc(out, func(t ort.Tensor) bool { return widthOf(t.Shape) == w })
		if at < 0 {
			return nil, fmt.Errorf("the network gave no output of %d values for each candidate", w)
		}
		values[i] = out[at].Data
		if have, want := len(values[i])/int(w), len(values[0])/int(widths[0]); have != want || len(values[i])%int(w) != 0 {
			return nil, fmt.Errorf("the network gave %d values where it has %d candidates of %d values", len(values[i]), want, w)
		}
	}
	return values, nil
}

// sized says whether a graph's only input is one colour picture of the size,
// whose channels come last or first. The batch may be open.
func sized(network Network, size image.Point, last bool) bool {
	in := network.Inputs()
	want := []int64{3, int64(size.Y), int64(size.X)}
	if last {
		want = []int64{int64(size.Y), int64(size.X), 3}
	}
	return len(in) == 1 && len(in[0].Shape) == 4 && slices.Equal(in[0].Shape[1:], want)
}
