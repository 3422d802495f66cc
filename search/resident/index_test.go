package resident

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// found are the numbers of the faces that a search gives.
func found(t testing.TB, x *Index, probe []float32, f Filter, n int) []int {
	t.Helper()
	all, err := x.Candidates([][]float32{probe}, face.Cosine, f, n)
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]int, len(all[0]))
	for i, c := range all[0] {
		numbers[i] = int(c.Face[14])<<8 | int(c.Face[15])
	}
	return numbers
}

// tolerance is how far the similarity by bytes may be from that of the templates: what
// rounding to a 127th of the largest component makes of it.
const tolerance = 0.01

// The distances that codes tell are those of the templates, in all metrics, of any
// dimension, length and mean.
func TestSimilarity(t *testing.T) {
	t.Parallel()
	for _, dim := range []int{1, 2, 3, 64, 65, 128, 300, 512, 2_622, 4_096, 16_000} {
		for _, centred := range []bool{false, true} {
			all := random(0, 60, dim)
			cfg := Config{Space: spaceOf(dim, false), Seed: uint64(dim)}
			if centred {
				cfg.Mean = meanOf(all)
			}
			for i := range all {
				for k := range all[i].Vector {
					all[i].Vector[k] *= float32(1+i) / 50
				}
			}
			x := newIndex(t, cfg)
			put(t, x, all)
			for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
				probe := random(100, 1, dim)[0].Vector
				candidates, err := x.Candidates([][]float32{probe}, metric, Filter{Gallery: gallery}, 60)
				if err != nil || len(candidates[0]) != 60 {
					t.Fatalf("%d candidates (%v)", len(candidates[0]), err)
				}
				last := math.Inf(1)
				for _, c := range candidates[0] {
					e := all[slices.IndexFunc(all, func(e face.Enrolled) bool { return e.Face == c.Face })]
					want := similarity(t, metric, probe, e.Vector)
					if math.Abs(c.Similarity-want) > tolerance || c.Similarity > last {
						t.Errorf("%d dimensions, %s, centred %t: %.4f after %.4f, want %.4f", dim, metric, centred, c.Similarity, last, want)
					}
					last = c.Similarity
				}
			}
		}
	}
}

func similarity(t *testing.T, metric face.Metric, a, b []float32) float64 {
	t.Helper()
	if metric != face.Euclidean {
		metric = face.Cosine
	}
	d, err := search.Distance(metric, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if metric == face.Cosine {
		return 1 - d
	}
	return -d
}

func TestPutReplaces(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(128, true)})
	all := random(0, 3, 128)
	put(t, x, all)
	moved := all[1]
	moved.Gallery, moved.Identity, moved.Vector = id('g', 2), person(7), all[2].Vector
	put(t, x, []face.Enrolled{moved})
	if got := found(t, x, all[1].Vector, Filter{Gallery: gallery}, 5); len(got) != 2 || slices.Contains(got, 1) {
		t.Errorf("the old gallery has %v, want 0 and 2", got)
	}
	if got := found(t, x, all[2].Vector, Filter{Gallery: id('g', 2), Identities: [][16]byte{person(7)}}, 5); !slices.Equal(got, []int{1}) {
		t.Errorf("the new gallery has %v, want 1", got)
	}
	if x.Len() != 3 || x.Rows(gallery) != 2 || x.Rows(id('g', 2)) != 1 || x.Rows(id('g', 3)) != 0 {
		t.Errorf("%d templates, %d and %d", x.Len(), x.Rows(gallery), x.Rows(id('g', 2)))
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(64, true)})
	all := random(0, 200, 64)
	all[3].Identity = [16]byte{}
	put(t, x, all)
	if err := x.Identify(faceID(5), person(4)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		filter Filter
		want   []int
	}{
		"one":             {Filter{Identities: [][16]byte{person(9)}}, []int{9}},
		"after a move":    {Filter{Identities: [][16]byte{person(4)}}, []int{4, 5}},
		"nobody is there": {Filter{Identities: [][16]byte{person(5)}}, nil},
		"one is excluded": {Filter{Identities: [][16]byte{person(9), person(8)}, Excluded: [][16]byte{person(9)}}, []int{8}},
		"unknown":         {Filter{Identities: [][16]byte{person(999)}}, nil},
		"nobody's":        {Filter{Identities: [][16]byte{{}}}, []int{3}},
	} {
		c.filter.Gallery = gallery
		got := found(t, x, all[0].Vector, c.filter, 10)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	excluded := found(t, x, all[0].Vector, Filter{Gallery: gallery, Excluded: [][16]byte{person(0), person(999)}}, 300)
	if len(excluded) != 199 || slices.Contains(excluded, 0) || !slices.Contains(excluded, 3) {
		t.Errorf("%d without one, want 199 with nobody's", len(excluded))
	}
	for _, of := range [][16]byte{id('g', 2), {}} {
		if got := found(t, x, all[0].Vector, Filter{Gallery: of}, 10); len(got) != 0 {
			t.Errorf("gallery %x has %v", of, got)
		}
	}
}

// A selective filter is applied in the scan: those that pass are found though thousands
// that do not are nearer.
func TestFilterAmongMany(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(64, true)})
	all := random(0, 30_000, 64)
	probe := all[0].Vector
	wanted := [][16]byte{}
	for i := 1; i < len(all); i++ {
		all[i].Identity = person(1)
		if i%3_000 == 0 {
			all[i].Identity = person(2)
			continue
		}
		for k := range probe { // near the probe
			all[i].Vector[k] = probe[k] + all[i].Vector[k]/4
		}
	}
	put(t, x, all)
	wanted = append(wanted, person(2))
	got := found(t, x, probe, Filter{Gallery: gallery, Identities: wanted}, 60)
	slices.Sort(got)
	if want := []int{3_000, 6_000, 9_000, 12_000, 15_000, 18_000, 21_000, 24_000, 27_000}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestForgetting(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(64, true)})
	all := random(0, 3_000, 64)
	for i := range all {
		all[i].Gallery = id('g', 1+i%2)
	}
	put(t, x, all)
	size := x.Bytes()
	var some [][16]byte
	for i := range 1_000 {
		some = append(some, faceID(i))
	}
	for range 2 { // again: they are not there
		if err := x.Remove(some); err != nil {
			t.Fatal(err)
		}
		if x.Len() != 2_000 || x.Rows(gallery) != 1_000 {
			t.Fatalf("%d templates, %d of the gallery", x.Len(), x.Rows(gallery))
		}
	}
	put(t, x, all[:1_000]) // their rows are used again
	if got := x.Bytes(); got > size+8_192 {
		t.Errorf("%d bytes after as many came as went, %d before", got, size)
	}
	if err := x.DropGallery(id('g', 2)); err != nil {
		t.Fatal(err)
	}
	if got := found(t, x, all[1].Vector, Filter{Gallery: id('g', 2)}, 10); len(got) != 0 || x.Len() != 1_500 {
		t.Errorf("%v of a gallery that was dropped, %d templates", got, x.Len())
	}
	if err := x.Clear(); err != nil {
		t.Fatal(err)
	}
	if got := found(t, x, all[0].Vector, Filter{Gallery: gallery}, 10); len(got) != 0 || x.Len() != 0 {
		t.Errorf("%v of an index that was cleared", got)
	}
	put(t, x, all[:10])
	if got := found(t, x, all[4].Vector, Filter{Gallery: gallery}, 1); !slices.Equal(got, []int{4}) {
		t.Errorf("%v, want what was put after it was cleared", got)
	}
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(4_096, true), MemoryLimit: 20 << 20})
	all := random(0, 5_000, 4_096)
	if err := x.Put(all); face.CodeOf(err) != face.TooLarge {
		t.Errorf("20 MB of codes in 20 MiB: %v", err)
	}
	if x.Bytes() > 20<<20 || x.Len() < 3_000 {
		t.Errorf("%d bytes for %d templates", x.Bytes(), x.Len())
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  Config
		want face.Code
	}{
		"no dimension":   {Config{Space: spaceOf(0, true)}, face.Invalid},
		"too many":       {Config{Space: spaceOf(16_001, true)}, face.Invalid},
		"mean of others": {Config{Space: spaceOf(8, true), Mean: make([]float32, 9)}, face.Mismatch},
	} {
		if _, err := New(c.cfg); face.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := newIndex(t, Config{Space: spaceOf(2, true)})
	good := face.Enrolled{Face: faceID(1), Gallery: gallery, Vector: []float32{1, 0}}
	for name, c := range map[string]struct {
		change func(*face.Enrolled)
		want   face.Code
	}{
		"another dimension": {func(e *face.Enrolled) { e.Vector = []float32{1} }, face.Mismatch},
		"zero":              {func(e *face.Enrolled) { e.Vector = []float32{0, 0} }, face.Invalid},
		"not a number":      {func(e *face.Enrolled) { e.Vector = []float32{0, float32(math.NaN())} }, face.Invalid},
		"no gallery":        {func(e *face.Enrolled) { e.Gallery = [16]byte{} }, face.Invalid},
	} {
		bad := good
		c.change(&bad)
		if err := x.Put([]face.Enrolled{good, bad}); face.CodeOf(err) != c.want || x.Len() != 0 {
			t.Errorf("%s: %v, %d templates", name, err, x.Len())
		}
	}
	ask := func(n int, metric face.Metric, probe ...float32) face.Code {
		_, err := x.Candidates([][]float32{probe}, metric, Filter{Gallery: gallery}, n)
		return face.CodeOf(err)
	}
	if ask(0, face.Cosine, 1, 0) != face.Invalid || ask(2_001, face.Cosine, 1, 0) != face.Invalid || ask(1, "taxicab", 1, 0) != face.Invalid ||
		ask(1, face.Cosine, 0, 0) != face.Invalid || ask(1, face.Cosine, 1) != face.Mismatch {
		t.Error("a search that cannot be was done")
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"put": x.Put([]face.Enrolled{good}), "remove": x.Remove(nil), "identify": x.Identify(faceID(1), person(1)),
		"clear": x.Clear(), "drop": x.DropGallery(gallery), "save": x.Save(t.TempDir()+"/codes", 1),
	} {
		if face.CodeOf(err) != face.Unavailable || err == nil {
			t.Errorf("%s after it was closed: %v", name, err)
		}
	}
	if ask(1, face.Cosine, 1, 0) != face.Unavailable {
		t.Error("a closed index was searched")
	}
}

// Every kernel gives the same candidates.
func TestKernelsAgree(t *testing.T) {
	t.Parallel()
	for _, dim := range []int{64, 512, 4_096} {
		x := newIndex(t, Config{Space: spaceOf(dim, true), Seed: 3})
		x.least = 100
		put(t, x, random(0, 2_000, dim))
		probe := random(5_000, 1, dim)[0].Vector
		want := found(t, x, probe, Filter{Gallery: gallery}, 50)
		for _, k := range kernel.All() {
			x.kernel = k
			if got := found(t, x, probe, Filter{Gallery: gallery}, 50); len(got) != 50 || !slices.Equal(got, want) {
				t.Errorf("%s, %d dimensions: %v, want %v", k.Name(), dim, got, want)
			}
		}
	}
}

// A rotation keeps lengths and angles, spreads what stands in one component over all,
// and follows from its seed.
func TestRotation(t *testing.T) {
	t.Parallel()
	for _, dim := range []int{1, 64, 100, 512, 4_096} {
		r, other := newRotation(dim, 1), newRotation(dim, 2)
		a, b, c := make([]float32, r.size), make([]float32, r.size), make([]float32, r.size)
		a[0], b[0] = 1, 1
		b[dim-1] += 0.5
		want := dot(a, b)
		copy(c, a)
		r.turn(a)
		r.turn(b)
		other.turn(c)
		if math.Abs(dot(a, a)-1) > 1e-4 || math.Abs(dot(a, b)-want) > 1e-4 || slices.Equal(a, c) {
			t.Errorf("%d dimensions: length %g, product %g, want %g", dim, dot(a, a), dot(a, b), want)
		}
		if largest := slices.Max(a); float64(largest) > 6/math.Sqrt(float64(r.size)) {
			t.Errorf("%d dimensions: a component of %g", dim, largest)
		}
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// A table finds what a map has, whatever comes and goes.
func TestTable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([][16]byte, 3_000)
	for i := range ids {
		ids[i] = faceID(i)
	}
	table := newTable(func(number uint32) [16]byte { return ids[number] })
	held := map[int]bool{}
	for range 60_000 {
		i := r.IntN(len(ids))
		number, known := table.find(ids[i])
		if known != held[i] || (known && number != uint32(i)) {
			t.Fatalf("%d: number %d, known %t, want %t", i, number, known, held[i])
		}
		if known {
			table.remove(ids[i])
		} else {
			table.add(ids[i], uint32(i))
		}
		held[i] = !known
	}
	table.remove([16]byte{1})
}

// The collector keeps the smallest keys, as sorting would.
func TestCollector(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{3, 50, 65_535} {
		x := newIndex(t, Config{Space: spaceOf(64, true)})
		task := x.task(probe{}, face.Cosine, sieve{}, 1)
		c := newCollector(100, most, &task.limit)
		var all []uint16
		for row := range uint32(5_000) {
			key := uint16(r.IntN(most + 1))
			all = append(all, key)
			if uint32(key) < c.limit() {
				c.add(row, key)
			}
		}
		if len(c.keys) > c.keep {
			c.cut()
		}
		keys := slices.Clone(c.keys)
		slices.Sort(keys)
		slices.Sort(all)
		if !slices.Equal(keys, all[:100]) || !slices.IsSorted(c.rows) {
			t.Errorf("keys up to %d: %v, want %v", most, keys, all[:100])
		}
	}
}
