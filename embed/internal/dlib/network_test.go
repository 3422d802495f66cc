//go:build dlib

package dlib_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
	"github.com/visagedb/visage/embed/internal/golden"
)

func loadNetwork(t testing.TB, file []byte) *dlib.Network {
	t.Helper()
	n, err := dlib.LoadNetwork(write(t, file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, n.Close()) })
	return n
}

// noise is a crop of random bytes.
func noise(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	crop := make([]byte, 3*dlib.Side*dlib.Side)
	for i := range crop {
		crop[i] = byte(r.Uint32())
	}
	return crop
}

// dlib adds in single precision, forward in double: they differ by less than
// 1/100,000 of the vector's length.
func TestDescribeIsWhatTheNetworkSays(t *testing.T) {
	t.Parallel()
	for i, format := range []dlibtest.Format{dlibtest.Published(), dlibtest.Current()} {
		n := loadNetwork(t, weights().File(format))
		crop := noise(uint64(i))
		vectors, err := n.Describe([][]byte{crop})
		if err != nil || len(vectors) != 1 || len(vectors[0]) != dlib.Dimensions {
			t.Fatalf("got %v, %v", vectors, err)
		}
		var length, worst float64
		for i, want := range forward(weights(), crop) {
			length = math.Hypot(length, want)
			worst = max(worst, math.Abs(float64(vectors[0][i])-want))
		}
		t.Logf("length %g, greatest difference %g", length, worst)
		if !(worst < 1e-5*length) || length < 0.1 {
			t.Errorf("a value of a vector of length %g differs by %g", length, worst)
		}
	}
}

// What dlib writes itself is byte for byte what dlibtest says that it does, so
// that CheckNetwork is tested with real files.
func TestDlibWritesWhatIsChecked(t *testing.T) {
	t.Parallel()
	current := weights().File(dlibtest.Current())
	for name, file := range map[string][]byte{"published": published(), "current": current} {
		if !bytes.Equal(dlibtest.Resave(file), current) {
			t.Errorf("dlib writes the %s file otherwise", name)
		}
	}
}

func TestDescribeSeveral(t *testing.T) {
	t.Parallel()
	n := loadNetwork(t, published())
	crops := [][]byte{noise(1), noise(2), noise(3)}
	want, err := n.Describe(crops)
	if err != nil || len(want) != len(crops) || reflect.DeepEqual(want[0], want[1]) {
		t.Fatalf("got %v, %v", want, err)
	}
	if none, err := n.Describe(nil); err != nil || len(none) != 0 {
		t.Errorf("of no crop: %v, %v", none, err)
	}
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			one := i % len(crops)
			if got, err := n.Describe(crops[one : one+1]); err != nil || !reflect.DeepEqual(got[0], want[one]) {
				t.Errorf("crop %d alone: got %v, %v, want %v", one, got, err, want[one])
			}
		})
	}
	group.Wait()
	for range 2 {
		group.Go(func() { golden.Check(t, n.Close()) })
		group.Go(func() { _, _ = n.Describe(crops[:1]) }) // before or after Close
	}
	group.Wait()
	if _, err := n.Describe(crops); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed network describes: %v", err)
	}
}

func TestRefusesCrops(t *testing.T) {
	t.Parallel()
	n := loadNetwork(t, published())
	for name, crop := range map[string][]byte{
		"nothing": nil, "a byte less": noise(1)[1:], "a byte more": append(noise(1), 0), "112 pixels": make([]byte, 3*112*112),
	} {
		if got, err := n.Describe([][]byte{noise(1), crop}); err == nil || !strings.Contains(err.Error(), "crop 1") {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestLoadNetworkRefusesFiles(t *testing.T) {
	t.Parallel()
	whole := published()
	for name, c := range map[string]struct{ path, want string }{
		"missing":     {t.TempDir() + "/none.dat", "no such file"},
		"folder":      {t.TempDir(), "regular file"},
		"too large":   {write(t, make([]byte, dlib.MaxNetwork+1)), "at most"},
		"empty":       {write(t, nil), "does not begin"},
		"text":        {write(t, []byte("<html>404</html>")), "does not begin"},
		"a predictor": {write(t, good(68)), "does not begin"},
		"cut short":   {write(t, whole[:len(whole)/2]), "damaged at byte"},
		"padding":     {write(t, change(t, whole, "\x01\x02\x01\x02\x01\x00\x01\x00", "\x01\x02\x01\x02\x01\x01\x01\x00")), "padding"},
	} {
		n, err := dlib.LoadNetwork(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		golden.Check(t, n.Close())
	}
}

func BenchmarkDescribe(b *testing.B) {
	n := loadNetwork(b, published())
	for _, c := range []struct {
		name  string
		crops int
	}{{"1", 1}, {"8", 8}} {
		crops := make([][]byte, c.crops)
		for i := range crops {
			crops[i] = noise(uint64(i))
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := n.Describe(crops); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*c.crops), "ms/crop")
		})
	}
}
