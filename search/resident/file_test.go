package resident

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// small is an index with everything that a file can have: lengths, a mean, rows that
// were removed, several galleries, and nobody's faces.
func small(t *testing.T) *Index {
	t.Helper()
	mean := make([]float32, 100)
	mean[3] = 0.1
	x := newIndex(t, Config{Space: spaceOf(100, false), Seed: 77, Mean: mean})
	all := random(0, 1_000, 100)
	for i := range all {
		all[i].Gallery = id('g', 1+i%3)
		if i%5 == 0 {
			all[i].Identity = [16]byte{}
		}
		for k := range all[i].Vector {
			all[i].Vector[k] *= float32(1 + i%9)
		}
	}
	put(t, x, all)
	if err := x.Remove([][16]byte{faceID(7), faceID(300), faceID(999)}); err != nil {
		t.Fatal(err)
	}
	return x
}

func saved(t *testing.T, x *Index, position face.Position) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes")
	if err := x.Save(path, position); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is opened answers as what was saved does, and can be written to and saved.
func TestSaveAndOpen(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(512, false), Seed: 77})
	all := random(0, 20_000, 512)
	for i := range all {
		all[i].Gallery = id('g', 1+i%3)
	}
	put(t, x, all)
	if err := x.Remove([][16]byte{faceID(7), faceID(300), faceID(19_999)}); err != nil {
		t.Fatal(err)
	}
	path := saved(t, x, 12345)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	y, position, err := Open(path, x.Space(), 0)
	if err != nil || position != 12345 || y.Len() != x.Len() || y.Rows(id('g', 2)) != x.Rows(id('g', 2)) {
		t.Fatalf("position %d, %v", position, err)
	}
	t.Cleanup(func() { closed(t, y) })
	same(t, x, y, all)
	for _, index := range []*Index{x, y} {
		put(t, index, random(30_000, 5_000, 512))
		if err := index.Remove([][16]byte{faceID(1), faceID(2)}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, x, y, all)
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed with the index (%v)", err)
	}
	z, position, err := Open(saved(t, y, 99), x.Space(), 0)
	if err != nil || position != 99 {
		t.Fatal(position, err)
	}
	t.Cleanup(func() { closed(t, z) })
	same(t, x, z, all)
}

// same checks that two indexes answer alike.
func same(t *testing.T, x, y *Index, all []face.Enrolled) {
	t.Helper()
	for i := 0; i < len(all); i += len(all) / 20 {
		for _, metric := range []face.Metric{face.Cosine, face.Euclidean} {
			filter := Filter{Gallery: id('g', 1+i%3), Excluded: [][16]byte{person(i + 3)}}
			want, err := x.Candidates([][]float32{all[i].Vector}, metric, filter, 50)
			if err != nil {
				t.Fatal(err)
			}
			got, err := y.Candidates([][]float32{all[i].Vector}, metric, filter, 50)
			if err != nil || len(want[0]) != 50 || !reflect.DeepEqual(got, want) {
				t.Fatalf("probe %d: %v (%v), want %v", i, got, err, want)
			}
		}
	}
}

// A file that was cut short anywhere, has a bit turned anywhere, or anything behind it,
// is refused.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(8, true)})
	put(t, x, random(0, 100, 8))
	path := saved(t, x, 1)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, content []byte, want face.Code) {
		t.Helper()
		damaged := filepath.Join(t.TempDir(), "damaged")
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, _, err := Open(damaged, x.Space(), 0)
		if got := face.CodeOf(err); opened != nil || got != want || !strings.Contains(err.Error(), damaged) {
			t.Errorf("%s: code %q (%v), want %q", name, got, err, want)
		}
	}
	chunks := len(*x.chunks.Load()) * x.layout.size()
	r := rand.New(rand.NewPCG(1, 1))
	places := []int{0, chunks - 1, chunks, len(whole) - trailerSize, len(whole) - 1}
	for range 20 {
		places = append(places, r.IntN(len(whole)), chunks+r.IntN(len(whole)-chunks))
	}
	for _, at := range places {
		turned := bytes.Clone(whole)
		turned[at] ^= 1 << r.IntN(8)
		refused("a bit turned", turned, face.Internal)
		refused("cut short", whole[:at], face.Internal)
		torn := bytes.Clone(whole)
		clear(torn[at:min(len(torn), at+page)])
		if !bytes.Equal(torn, whole) {
			refused("a page never written", torn, face.Internal)
		}
	}
	refused("more behind it", append(bytes.Clone(whole), 0), face.Internal)
	refused("twice", append(bytes.Clone(whole), whole...), face.Internal)
	refused("empty", nil, face.Internal)
	newer := bytes.Clone(whole)
	trailer := newer[len(newer)-trailerSize:]
	binary.LittleEndian.PutUint32(trailer[len(magic):], version+1)
	binary.LittleEndian.PutUint32(trailer[trailerSize-4:], checksum(trailer[:trailerSize-4]))
	refused("a later version", newer, face.Mismatch)
}

// A file is of one space, and a missing one is told from a bad one.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	x := small(t)
	path := saved(t, x, 1)
	other := x.Space()
	other.Weights = "fedcba9876543210"
	if _, _, err := Open(path, other, 0); face.CodeOf(err) != face.Mismatch {
		t.Errorf("of another space: %v", err)
	}
	if _, _, err := Open(path+"x", x.Space(), 0); face.CodeOf(err) != face.NotFound {
		t.Errorf("missing: %v", err)
	}
	if err := x.Save(filepath.Join(path, "below a file"), 1); face.CodeOf(err) != face.Internal {
		t.Errorf("saved where nothing can be: %v", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("files %v (%v), want the one that was saved", files, err)
	}
}

// BenchmarkOpen is a start with a file in the page cache. cpu-s is how long processors
// worked for it, beside which others' work does not count.
func BenchmarkOpen(b *testing.B) {
	n := benchRows(b)
	x := noise(b, n)
	path := filepath.Join(b.TempDir(), "codes")
	if err := x.Save(path, 1); err != nil {
		b.Fatal(err)
	}
	worked := spent(b, thisProcess)
	for b.Loop() {
		y, _, err := Open(path, x.Space(), 0)
		if err != nil || y.Len() != n {
			b.Fatal(err)
		}
		closed(b, y)
	}
	b.ReportMetric((spent(b, thisProcess)-worked).Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(float64(x.Bytes())/float64(n), "B/template")
}
