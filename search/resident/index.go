package resident

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// Config says what an index is of.
type Config struct {
	// Space is that of all its templates. Required.
	Space face.Space
	// Seed chooses the rotation. Defaults to 0, which is one like another.
	Seed uint64
	// Mean is that of templates of length 1, subtracted before signs are taken: needed
	// where a model's components are never negative, or their mean is far from zero.
	// It has Space.Dim components. Defaults to none.
	Mean []float32
	// MemoryLimit is how many bytes the index may take. Defaults to no limit.
	MemoryLimit int64
}

// MostDim is of up to how many dimensions templates may be.
const MostDim = 16_000

func (c Config) check() error {
	if c.Space.Dim < 1 || c.Space.Dim > MostDim {
		return face.Errorf(face.Invalid, "space %s has %d dimensions: an index in memory takes 1 to %d", c.Space.Name(), c.Space.Dim, MostDim)
	}
	if c.Mean != nil && len(c.Mean) != c.Space.Dim {
		return face.Errorf(face.Mismatch, "a mean of %d components is not one of %s, which has %d", len(c.Mean), c.Space.Name(), c.Space.Dim)
	}
	return nil
}

// Index has codes of the templates of one space. Searches run beside each other and
// beside one writer; writers wait for each other. The zero value is not usable; make
// one with New or Open, and Close it when it is no longer used.
type Index struct {
	cfg    Config
	coder  coder
	layout layout
	kernel kernel.Kernel
	chunks atomic.Pointer[[]*chunk]
	line   line
	least  int     // templates to compare in bytes at the least
	share  float64 // of a gallery's, the same
	// longest is the largest length of a template that was ever put, as the bits of a
	// float64.
	longest atomic.Uint64

	writing sync.Mutex // held by a writer and while a file is written
	rows    *table     // of faces; for writers only
	free    []uint32   // rows that hold nothing; for writers only
	size    atomic.Int64

	mu         sync.RWMutex // guards the following
	galleries  *names
	identities *names
	counts     []int64 // templates by the gallery's number

	life    sync.RWMutex // held for reading by every method, for writing by Close
	mapping []byte       // memory of chunks that were opened from a file; nil for none
	closed  bool
}

// New makes an index that holds nothing. It returns Invalid for a space of more than
// MostDim dimensions and Mismatch for a mean of another dimension.
func New(cfg Config) (*Index, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.Mean = slices.Clone(cfg.Mean)
	x := &Index{
		cfg: cfg, coder: coder{space: cfg.Space, mean: cfg.Mean, rotation: newRotation(cfg.Space.Dim, cfg.Seed)},
		kernel: kernel.Best(), least: leastBytes, galleries: newNames(), identities: newNames(),
	}
	x.share = leastShare(x.coder.rotation.size)
	x.layout = newLayout(x.coder.words(), cfg.Mean != nil, !cfg.Space.Unit)
	x.reset()
	return x, nil
}

// reset forgets all rows, but not the names: searches that run have their numbers.
func (x *Index) reset() {
	x.chunks.Store(&[]*chunk{})
	x.rows = newTable(func(row uint32) [16]byte {
		c, at := x.at(row)
		return c.face[at]
	})
	x.free = nil
	x.counts = make([]int64, len(x.galleries.ids))
	x.size.Store(0)
}

// at finds a row.
func (x *Index) at(row uint32) (c *chunk, at int) {
	return (*x.chunks.Load())[row>>x.layout.shift], int(row) & (x.layout.rows() - 1)
}

// Space is that of the index's templates.
func (x *Index) Space() face.Space { return x.cfg.Space }

// Len is how many templates the index holds.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	sum := int64(0)
	for _, n := range x.counts {
		sum += n
	}
	return int(sum)
}

// Rows is how many templates of a gallery the index holds.
func (x *Index) Rows(gallery [16]byte) int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	number, known := x.galleries.table.find(gallery)
	if !known || int(number) >= len(x.counts) {
		return 0
	}
	return x.counts[number]
}

// Bytes is what the index takes of memory: codes, ids and the tables to find them by,
// with what is set aside for templates to come.
func (x *Index) Bytes() int64 { return x.size.Load() }

// weigh counts the memory anew; x.writing must be held.
func (x *Index) weigh() {
	x.mu.RLock()
	defer x.mu.RUnlock()
	x.size.Store(int64(len(*x.chunks.Load()))*int64(x.layout.size()) + x.rows.bytes() + 4*int64(cap(x.free)) +
		x.galleries.bytes() + x.identities.bytes())
}

// Close gives up memory that belongs to a file. It waits for what runs; after it the
// index holds nothing and takes nothing. Closing again does nothing.
func (x *Index) Close() error {
	x.life.Lock()
	defer x.life.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	x.mu.Lock()
	x.reset()
	x.mu.Unlock()
	mapping := x.mapping
	x.mapping = nil
	return unmap(mapping)
}

// enter keeps the index from being closed until leave is called. It returns
// Unavailable where it is closed already.
func (x *Index) enter() (leave func(), err error) {
	x.life.RLock()
	if x.closed {
		x.life.RUnlock()
		return nil, face.Errorf(face.Unavailable, "the index in memory of %s is closed", x.cfg.Space.Name())
	}
	return x.life.RUnlock, nil
}

// workers is on how many processors a search runs.
func workers() int { return runtime.GOMAXPROCS(0) }

// Estimate is about how many bytes an index of so many templates takes.
func Estimate(space face.Space, rows int64) int64 {
	const tables = 11 // at most, for the place where a face is found
	l := newLayout(newRotation(space.Dim, 0).size/64, true, !space.Unit)
	return rows * int64(l.rowBytes()+tables)
}
