package resident_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search/resident"
)

// copied is a Copy with what it was told, to compare with.
type copied struct {
	*testing.T
	copy   *resident.Copy
	random *rand.Rand
	held   map[[16]byte]face.Enrolled
}

var copySpace = face.Space{Recognizer: "copied", Weights: "00000000", Profile: face.Native, Dim: 64, Unit: true}

func newCopied(t *testing.T, cfg resident.CopyConfig) *copied {
	t.Helper()
	c := &copied{t, resident.NewCopy(cfg), rand.New(rand.NewPCG(1, 2)), map[[16]byte]face.Enrolled{}}
	t.Cleanup(func() { c.ok(c.copy.Close()) })
	c.ok(c.copy.Begin(t.Context(), map[int32]face.Space{7: copySpace}))
	return c
}

func (c *copied) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *copied) id() (id [16]byte) {
	for i := range id {
		id[i] = byte(c.random.Uint32())
	}
	return id
}

// put has the copy take n new templates, of two galleries.
func (c *copied) put(n int) {
	c.Helper()
	rows := make([]face.Enrolled, n)
	for i := range rows {
		rows[i] = face.Enrolled{Face: c.id(), Gallery: [16]byte{1 + byte(i%2)}, Identity: [16]byte{byte(i % 5)}, Vector: make([]float32, copySpace.Dim)}
		for j := range rows[i].Vector {
			rows[i].Vector[j] = float32(c.random.NormFloat64())
		}
		c.held[rows[i].Face] = rows[i]
	}
	c.ok(c.copy.Put(c.Context(), 7, rows))
	for i := range rows { // what is given is the copy's own for the call only
		rows[i].Vector = slices.Clone(rows[i].Vector)
		c.held[rows[i].Face] = rows[i]
	}
}

// same checks that each template that was told of is found, and no other.
func (c *copied) same() {
	c.Helper()
	c.copy.Seen(1, time.Now())
	c.ok(c.copy.Reached(c.Context(), 1))
	x, ok := c.copy.Resident(copySpace)
	if !ok {
		c.Fatal("the space is not held")
	}
	if x.Index.Len() != len(c.held) {
		c.Fatalf("%d templates are held, want %d", x.Index.Len(), len(c.held))
	}
	tried := 0
	for id, row := range c.held {
		filter := resident.Filter{Gallery: row.Gallery}
		if row.Identity != [16]byte{} {
			filter.Identities = [][16]byte{row.Identity}
		}
		found, err := x.Index.Candidates([][]float32{row.Vector}, face.Cosine, filter, 1)
		if c.ok(err); len(found[0]) != 1 || found[0][0].Face != id {
			c.Fatalf("%x of %x is found as %v", id, row.Identity, found[0])
		}
		if tried++; tried == 200 {
			break
		}
	}
}

// A copy is what it was told, from few templates to many.
func TestCopy(t *testing.T) {
	t.Parallel()
	c := newCopied(t, resident.CopyConfig{})
	c.put(600)
	c.ok(c.copy.Reached(t.Context(), 1))
	if _, ok := c.copy.Resident(copySpace); ok {
		t.Error("few templates have an index")
	}
	change := func() {
		gone, moved := [][16]byte{{99}}, map[[16]byte][16]byte{{98}: {1}}
		for id, row := range c.held {
			switch c.random.IntN(6) {
			case 0:
				gone = append(gone, id)
				delete(c.held, id)
			case 1:
				row.Identity = [16]byte{byte(c.random.IntN(3))}
				moved[id], c.held[id] = row.Identity, row
			}
		}
		c.ok(c.copy.Remove(t.Context(), 7, gone))
		c.ok(c.copy.Identify(t.Context(), moved))
	}
	change()
	c.put(900)
	c.same()
	change()
	c.put(500)
	c.same()
	c.ok(c.copy.Clear(t.Context(), 7))
	clear(c.held)
	c.put(10)
	c.same()
	if held := c.copy.Held(); len(held) != 1 || held[0].Rows != 10 || held[0].Bytes == 0 || c.copy.Bytes() != held[0].Bytes {
		t.Errorf("held is %+v of %d bytes", held, c.copy.Bytes())
	}
	c.ok(c.copy.Begin(t.Context(), map[int32]face.Space{7: copySpace}))
	if _, ok := c.copy.Resident(copySpace); ok {
		t.Error("a copy that is begun anew answers")
	}
	clear(c.held)
	c.put(1000)
	if _, ok := c.copy.Resident(copySpace); ok {
		t.Error("a copy that is not whole answers")
	}
	c.same()
}

// A space that needs too much memory is let go, and takes nothing any more.
func TestCopyOutgrowsItsMemory(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1, 1 << 22} {
		c := newCopied(t, resident.CopyConfig{MemoryLimit: limit})
		for range 40 {
			c.put(1000)
		}
		outgrown(c)
	}
}

func outgrown(c *copied) {
	t := c.T
	c.ok(c.copy.Reached(t.Context(), 1))
	if _, ok := c.copy.Resident(copySpace); ok || c.copy.Bytes() != 0 {
		t.Errorf("it is held, in %d bytes", c.copy.Bytes())
	}
	for id := range c.held {
		c.ok(c.copy.Remove(t.Context(), 7, [][16]byte{id}))
		c.ok(c.copy.Identify(t.Context(), map[[16]byte][16]byte{id: {1}}))
	}
	c.ok(c.copy.Clear(t.Context(), 7))
}

// A copy that catches up is behind by what it has not reached yet, however often it is
// told that it went on.
func TestLag(t *testing.T) {
	t.Parallel()
	c := newCopied(t, resident.CopyConfig{})
	c.put(2000)
	reach := func(at face.Position) time.Duration {
		t.Helper()
		c.ok(c.copy.Reached(t.Context(), at))
		_, lag, whole := c.copy.Standing()
		if _, held := c.copy.Resident(copySpace); held != whole {
			t.Errorf("held %t, whole %t", held, whole)
		}
		if !whole {
			return -1
		}
		return lag
	}
	if lag := reach(5); lag != -1 {
		t.Errorf("the database was not seen yet: %s", lag)
	}
	c.copy.Seen(20, time.Now())
	if lag := reach(10); lag != -1 {
		t.Errorf("at 10 of 20: %s", lag)
	}
	if lag := reach(20); lag < 0 || lag > time.Minute {
		t.Errorf("at 20 of 20: %s", lag)
	}
	time.Sleep(50 * time.Millisecond)
	c.copy.Seen(40, time.Now())
	if lag := reach(30); lag < 50*time.Millisecond {
		t.Errorf("at 30 of 40: %s", lag)
	}
	c.copy.Seen(41, time.Now())
	if lag := reach(40); lag > 50*time.Millisecond {
		t.Errorf("at 40 of 41, seen just now: %s", lag)
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	c := newCopied(t, resident.CopyConfig{})
	for range 60 {
		c.put(1000)
	}
	if got, want := c.copy.Bytes(), resident.Estimate(copySpace, 60_000); float64(got) < 0.6*float64(want) || float64(got) > 1.7*float64(want) {
		t.Errorf("60,000 templates take %d bytes, estimated %d", got, want)
	}
	space := copySpace
	if space.Dim = 512; resident.Estimate(space, 1_000_000) > 650e6 {
		t.Errorf("a million of 512 dimensions take %d bytes", resident.Estimate(space, 1_000_000))
	}
}

// Who waits for a position goes on once it is reached.
func TestAwait(t *testing.T) {
	t.Parallel()
	c := newCopied(t, resident.CopyConfig{})
	late, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.copy.Await(late, 1); face.CodeOf(err) != face.Cancelled {
		t.Errorf("of a copy that is not whole: %v", err)
	}
	var all sync.WaitGroup
	for at := range 5 {
		all.Go(func() {
			if err := c.copy.Await(t.Context(), face.Position(at)); err != nil {
				t.Error(err)
			}
			if stands, _, _ := c.copy.Standing(); int(stands) < at {
				t.Errorf("at %d the copy stands at %d", at, stands)
			}
		})
	}
	for at := range 5 {
		c.ok(c.copy.Reached(t.Context(), face.Position(at)))
	}
	all.Wait()
}
