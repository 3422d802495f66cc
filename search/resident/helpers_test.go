package resident

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/search"
)

// id is an id that is made of a kind and a number.
func id(kind byte, n int) (made [16]byte) {
	made[0] = kind
	binary.BigEndian.PutUint64(made[8:], uint64(n))
	return made
}

func faceID(n int) [16]byte { return id('f', n) }
func person(n int) [16]byte { return id('p', n) }

var gallery = id('g', 1)

func spaceOf(dim int, unit bool) face.Space {
	return face.Space{Recognizer: "Test", Weights: "0123456789abcdef", Profile: face.Native, Dim: dim, Unit: unit}
}

func newIndex(t testing.TB, cfg Config) *Index {
	t.Helper()
	x, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, x) })
	return x
}

func closed(t testing.TB, x *Index) {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// lifelike is a gallery with the statistics of a recogniser: see internal/synthetic.
func lifelike(t testing.TB, cfg synthetic.Config) *synthetic.Gallery {
	t.Helper()
	g, err := synthetic.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var ordinary = synthetic.Config{Dim: 512, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12, Seed: 9}

// each is how many templates a person has.
const each = 4

// templates makes so many templates, each persons' beside each other, on all processors.
func templates(g *synthetic.Gallery, from, n int) []face.Enrolled {
	made := make([]face.Enrolled, n)
	var group sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := w; i < n; i += runtime.GOMAXPROCS(0) {
				k := from + i
				made[i] = face.Enrolled{Face: faceID(k), Gallery: gallery, Identity: person(k / each), Vector: g.Template(k/each, k%each)}
			}
		})
	}
	group.Wait()
	return made
}

func put(t testing.TB, x *Index, templates []face.Enrolled) {
	t.Helper()
	if err := x.Put(templates); err != nil {
		t.Fatal(err)
	}
}

// random makes so many templates of random direction, each of a person of its own.
func random(from, n, dim int) []face.Enrolled {
	made := make([]face.Enrolled, n)
	for i := range made {
		r := rand.New(rand.NewPCG(uint64(from+i), 1))
		v := make([]float32, dim)
		for k := range v {
			v[k] = float32(r.NormFloat64())
		}
		made[i] = face.Enrolled{Face: faceID(from + i), Gallery: gallery, Identity: person(from + i), Vector: search.UnitLength(v)}
	}
	return made
}

// wordsOf are the same bytes in words.
func wordsOf(all []int8) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(&all[0])), len(all)/8)
}

// read adds up all words: the plain pass that scans are held against.
func read(all []uint64) uint64 {
	var a, b, c, d uint64 // in registers
	for ; len(all) >= 8; all = all[8:] {
		a += all[0] + all[4]
		b += all[1] + all[5]
		c += all[2] + all[6]
		d += all[3] + all[7]
	}
	return a + b + c + d
}
