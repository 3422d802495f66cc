package dlib_test

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
)

// weights are those of all tests that only read them, published their file.
var (
	weights   = sync.OnceValue(func() dlibtest.Network { return dlibtest.RandomNetwork(1) })
	published = sync.OnceValue(func() []byte { return weights().File(dlibtest.Published()) })
)

// The published file's size is that of the format it is thought to have, and of
// no other.
func TestCheckNetwork(t *testing.T) {
	t.Parallel()
	if n := len(published()); n != 22_466_066 {
		t.Errorf("the published format has %d bytes", n)
	}
	for name, file := range map[string][]byte{"published": published(), "current": weights().File(dlibtest.Current())} {
		if err := dlib.CheckNetwork(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := dlib.CheckNetwork(append(slices.Clone(file), 0)); err == nil {
			t.Errorf("%s: a byte too many is taken", name)
		}
	}
}

func TestEveryCutOfANetworkIsSeen(t *testing.T) {
	t.Parallel()
	whole := published()
	for n := 0; n < len(whole); n += 1 + n/10 {
		if err := dlib.CheckNetwork(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken", n, len(whole))
		}
	}
	if err := dlib.CheckNetwork(whole[:len(whole)-1]); err == nil {
		t.Error("all but one byte are taken")
	}
}

// Each change makes dlib take too much memory, end the process, or answer
// something else than the network would.
func TestRefusesBadNetworks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"another loss":            {"loss_metric_2", "loss_ranking_"},
		"a long name":             {"\x01\x0dloss_", "\x05\x0d\x00\x00\x00\x40loss_"},
		"another version":         {"\x01\x03\x01\x15input", "\x01\x04\x01\x15input"},
		"no mean colour":          {"image_sized\x03", "image_sized\x00"},
		"a larger picture":        {"\x01\x96\x01\x96", "\x01\x97\x01\x97"},
		"more filters":            {"\x01\x20\x01\x07\x01\x07\x01\x02", "\x01\x21\x01\x07\x01\x07\x01\x02"},
		"a view too large":        {"\x01\x01\x01\x20\x01\x03\x01\x07\x01\x07", "\x01\x01\x01\x20\x01\x04\x01\x07\x01\x07"},
		"a huge tensor":           {"con_4\x01\x02\x02\x80\x12", "con_4\x01\x02\x04\x80\x12\x00\x7f"},
		"a negative tensor":       {"con_4\x01\x02\x02\x80\x12", "con_4\x01\x02\x82\x80\x12"},
		"a scaling of values":     {"affine_\x01\x02\x01\x40\x01\x01\x01\x01\x01\x01", "affine_\x01\x02\x01\x40\x01\x01\x01\x02\x01\x01"},
		"a layer without weights": {"relu_1", "relu_0"},
		"a layer of another kind": {"max_pool_2\x01\x03", "avg_pool_2\x01\x03"},
	} {
		if err := dlib.CheckNetwork(change(t, published(), c[0], c[1])); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, file := range map[string][]byte{
		"nothing":     nil,
		"text":        []byte("404: not found\n"),
		"compressed":  []byte("BZh91AY&SY\x00\x01\x02"),
		"a predictor": good(5),
		"too large":   make([]byte, dlib.MaxNetwork+1),
	} {
		if err := dlib.CheckNetwork(file); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRefusesWeightsThatAreNoNumbers(t *testing.T) {
	t.Parallel()
	network := weights()
	network.Connected = slices.Clone(network.Connected)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		network.Connected[7] = float32(bad)
		if err := dlib.CheckNetwork(network.File(dlibtest.Published())); err == nil {
			t.Errorf("%g: taken", bad)
		}
	}
}

// change replaces the first of what is there.
func change(t *testing.T, whole []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(whole, []byte(from)) {
		t.Fatalf("the file has no %q", from)
	}
	return bytes.Replace(whole, []byte(from), []byte(to), 1)
}
