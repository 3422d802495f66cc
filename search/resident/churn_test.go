package resident

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// churnFor is for how long is written and searched at once.
const churnFor = 2 * time.Second

// While one writer puts, moves and removes, searches of several callers are never wrong
// about what does not change, and never give what is of another gallery. At the end the
// index answers as one that was filled with what is left.
func TestChurn(t *testing.T) {
	t.Parallel()
	const still, all, dim = 500, 4_000, 64
	x := newIndex(t, Config{Space: spaceOf(dim, true), Seed: 1})
	faces := random(0, all, dim)
	put(t, x, faces[:still])
	var done atomic.Bool
	var group sync.WaitGroup
	for caller := range 4 {
		group.Go(func() { x.searchUntil(t, &done, faces[:still], uint64(caller)) })
	}
	held := x.writeFor(t, faces, still)
	done.Store(true)
	group.Wait()

	y := newIndex(t, Config{Space: spaceOf(dim, true), Seed: 1})
	var left []face.Enrolled
	for _, e := range held {
		left = append(left, e)
	}
	put(t, y, left)
	if x.Len() != y.Len() || x.Rows(id('g', 2)) != y.Rows(id('g', 2)) {
		t.Errorf("%d templates, %d of the second gallery, want %d and %d", x.Len(), x.Rows(id('g', 2)), y.Len(), y.Rows(id('g', 2)))
	}
	for i := range 100 {
		for _, filter := range []Filter{{Gallery: gallery}, {Gallery: id('g', 2)}, {Gallery: gallery, Identities: [][16]byte{person(i), person(1)}}} {
			got, want := found(t, x, faces[i*30].Vector, filter, 2_000), found(t, y, faces[i*30].Vector, filter, 2_000)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("probe %d: %d candidates, want %d", i, len(got), len(want))
			}
		}
	}
}

// writeFor changes faces other than those that stand still, and returns what is left.
func (x *Index) writeFor(t *testing.T, faces []face.Enrolled, still int) map[[16]byte]face.Enrolled {
	held := map[[16]byte]face.Enrolled{}
	for _, e := range faces[:still] {
		held[e.Face] = e
	}
	r := rand.New(rand.NewPCG(1, 1))
	for end := time.Now().Add(churnFor); time.Now().Before(end); {
		e := faces[still+r.IntN(len(faces)-still)]
		var err error
		switch r.IntN(10) {
		case 0, 1, 2, 3, 4, 5:
			e.Gallery = id('g', 1+r.IntN(2))
			err = x.Put([]face.Enrolled{e})
			held[e.Face] = e
		case 6, 7:
			err = x.Remove([][16]byte{e.Face})
			delete(held, e.Face)
		case 8:
			to := person(r.IntN(100))
			err = x.Identify(e.Face, to)
			if e, there := held[e.Face]; there {
				e.Identity = to
				held[e.Face] = e
			}
		case 9:
			if r.IntN(500) == 0 {
				err = x.Save(filepath.Join(t.TempDir(), "codes"), 1)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	return held
}

// searchUntil searches for faces that stay, with few others of their identity.
func (x *Index) searchUntil(t *testing.T, done *atomic.Bool, still []face.Enrolled, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for !done.Load() {
		a, b := still[r.IntN(len(still))], still[r.IntN(len(still))]
		answers, err := x.Candidates([][]float32{a.Vector, b.Vector}, face.EuclideanL2, Filter{Gallery: gallery}, 3)
		if err != nil {
			t.Error(err)
			return
		}
		for i, want := range []face.Enrolled{a, b} {
			if len(answers[i]) == 0 || answers[i][0].Face != want.Face || answers[i][0].Similarity < 0.99 {
				t.Errorf("searched for %x, found %v", want.Face, answers[i])
				return
			}
		}
	}
}

// An index can be closed while it is searched and written to.
func TestCloseMeanwhile(t *testing.T) {
	t.Parallel()
	filled := newIndex(t, Config{Space: spaceOf(64, true)})
	faces := random(0, 5_000, 64)
	put(t, filled, faces)
	x, _, err := Open(saved(t, filled, 1), filled.Space(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var searches atomic.Int64
	for range 4 {
		group.Go(func() {
			for {
				_, err := x.Candidates([][]float32{faces[0].Vector}, face.Cosine, Filter{Gallery: gallery}, 3)
				if err != nil {
					if face.CodeOf(err) != face.Unavailable {
						t.Error(err)
					}
					return
				}
				searches.Add(1)
			}
		})
	}
	for searches.Load() < 50 {
		put(t, x, faces[:10])
	}
	closed(t, x)
	group.Wait()
}

// Searches that share a pass have each their own answer.
func TestSearchesTogether(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(64, true)})
	x.least = 100
	faces := random(0, 3_000, 64)
	put(t, x, faces)
	var group sync.WaitGroup
	for caller := range 32 {
		group.Go(func() {
			for i := range 10 {
				probes := [][]float32{}
				for k := range 1 + caller%40 {
					probes = append(probes, faces[(caller*40+i*7+k)%3_000].Vector)
				}
				answers, err := x.Candidates(probes, face.Cosine, Filter{Gallery: gallery}, 1+i)
				if err != nil || len(answers) != len(probes) {
					t.Error(err)
					return
				}
				for k, answer := range answers {
					if want := faces[(caller*40+i*7+k)%3_000].Face; len(answer) != 1+i || answer[0].Face != want {
						t.Errorf("caller %d: %v, want %x first of %d", caller, answer, want, 1+i)
					}
				}
			}
		})
	}
	group.Wait()
}

// The same search has the same answer, whichever worker compares what, though among
// templates of few dimensions many are equally far away by bits.
func TestSameAnswers(t *testing.T) {
	t.Parallel()
	x := newIndex(t, Config{Space: spaceOf(8, true)})
	x.layout.shift = 8
	x.least = 100
	faces := random(0, 20_000, 8)
	put(t, x, faces)
	want := found(t, x, faces[0].Vector, Filter{Gallery: gallery}, 50)
	for range 30 {
		if got := found(t, x, faces[0].Vector, Filter{Gallery: gallery}, 50); !slices.Equal(got, want) {
			t.Fatalf("%v, before %v", got, want)
		}
	}
}
