package resident

import (
	"math/bits"
	"sync"
	"unsafe"

	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// layout says how a chunk's columns lie one behind the other in its memory.
type layout struct {
	words  int  // of bits in a row
	radius bool // whether rows have a radius other than 1
	norm   bool // whether rows have a norm other than 1
	shift  int  // a chunk has 1<<shift rows
}

// chunkBytes is about what a chunk takes: little beside a gallery that is worth it,
// and enough that locking and handing out chunks cost nothing.
const chunkBytes = 4 << 20

// leastShift keeps rows a multiple of the kernel's group and of a word of near bits.
const leastShift = 6

func newLayout(words int, radius, norm bool) layout {
	l := layout{words: words, radius: radius, norm: norm}
	l.shift = max(leastShift, bits.Len(uint(chunkBytes/l.rowBytes()))-1)
	return l
}

// rowBytes is what a row takes of a chunk: bits, bytes, scale, ids.
func (l layout) rowBytes() int {
	size := l.words*8 + l.words*64 + 4 + 16 + 4 + 4
	for _, column := range []bool{l.radius, l.norm} {
		if column {
			size += 4
		}
	}
	return size
}

func (l layout) rows() int { return 1 << l.shift }

// size is a chunk's memory in bytes: whole pages, since every column has a multiple of
// 64 rows.
func (l layout) size() int { return (l.rows()*l.rowBytes() + page - 1) / page * page }

// page is the alignment of chunks in a file.
const page = 4096

// chunk holds some rows of an index. Bits lie in groups as package kernel wants them,
// everything else row by row. A row whose gallery is 0 holds nothing.
type chunk struct {
	// mu guards all rows. Scans hold it for a chunk at a time, writers for a row.
	mu       sync.RWMutex
	memory   []byte // of which the columns are parts
	bits     []uint64
	bytes    []int8
	scale    []float32
	radius   []float32 // nil where all are 1
	norm     []float32 // nil where all are 1
	face     [][16]byte
	gallery  []uint32
	identity []uint32
	used     int // rows from here on were never used
}

// newChunk lays a chunk over memory of the layout's size, aligned to 8 bytes.
func newChunk(l layout, memory []byte) *chunk {
	c := &chunk{memory: memory}
	c.bits = column[uint64](&memory, l.rows()*l.words)
	c.bytes = column[int8](&memory, l.rows()*l.words*64)
	c.scale = column[float32](&memory, l.rows())
	if l.radius {
		c.radius = column[float32](&memory, l.rows())
	}
	if l.norm {
		c.norm = column[float32](&memory, l.rows())
	}
	c.face = column[[16]byte](&memory, l.rows())
	c.gallery = column[uint32](&memory, l.rows())
	c.identity = column[uint32](&memory, l.rows())
	return c
}

// column cuts n values off the memory.
func column[T any](memory *[]byte, n int) []T {
	first := unsafe.Pointer(unsafe.SliceData(*memory))
	size := n * int(unsafe.Sizeof(*new(T)))
	*memory = (*memory)[size:]
	return unsafe.Slice((*T)(first), n)
}

// allocate returns zeroed memory of so many bytes, a multiple of 8, aligned to 8.
func allocate(size int) []byte {
	words := make([]uint64, size/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
}

// put writes a row.
func (c *chunk) put(row int, v code, id [16]byte, gallery, identity uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := firstWord(row, len(v.bits))
	for w, word := range v.bits {
		c.bits[first+w*kernel.Group] = word
	}
	copy(c.code(row, len(v.bytes)), v.bytes)
	c.scale[row] = v.scale
	if c.radius != nil {
		c.radius[row] = v.radius
	}
	if c.norm != nil {
		c.norm[row] = v.norm
	}
	c.face[row], c.gallery[row], c.identity[row] = id, gallery, identity
	c.used = max(c.used, row+1)
}

// firstWord is where a row's bits begin, of so many words; the others follow kernel.Group
// words apart.
func firstWord(row, words int) int { return row/kernel.Group*kernel.Group*words + row%kernel.Group }

// code is the bytes of a row of so many components.
func (c *chunk) code(row, size int) []int8 { return c.bytes[row*size : (row+1)*size] }

func (c *chunk) radiusOf(row int) float64 {
	if c.radius == nil {
		return 1
	}
	return float64(c.radius[row])
}

func (c *chunk) normOf(row int) float64 {
	if c.norm == nil {
		return 1
	}
	return float64(c.norm[row])
}

// empty makes a row hold nothing, and nothing of what was there.
func (c *chunk) empty(row int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	words := len(c.bits) / len(c.gallery)
	for w := range words {
		c.bits[firstWord(row, words)+w*kernel.Group] = 0
	}
	clear(c.code(row, words*64))
	c.scale[row], c.face[row], c.gallery[row], c.identity[row] = 0, [16]byte{}, 0, 0
	if c.radius != nil {
		c.radius[row] = 0
	}
	if c.norm != nil {
		c.norm[row] = 0
	}
}

// name gives a row another identity.
func (c *chunk) name(row int, identity uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.identity[row] = identity
}
