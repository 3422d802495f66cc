package cv

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"sync"

	"gocv.io/x/gocv"
)

// Pool keeps the memory of closed pictures for the next ones. Fresh memory
// costs page faults: a quarter of a millisecond in decoding and resizing a
// photograph of up to one megapixel, two milliseconds in decoding a large one.
// Several goroutines may use a Pool. A nil Pool keeps nothing, as a closed one.
type Pool struct {
	limit  int
	mu     sync.Mutex
	idle   []block // the one that was used last is the last
	bytes  int     // of all that are idle
	closed bool
}

// block is the memory of one picture, and the Mat that owns it. The zero block
// is none.
type block struct {
	mat    gocv.Mat
	memory []byte
}

// smallestBlock is where pooling begins to pay: what is smaller, the C library
// itself keeps (without keepFreed, malloc gives memory of 128 kB and more back to
// the system).
const smallestBlock = 1 << 17

// defaultIdle is 256 MiB: seven photographs of twelve megapixels.
const defaultIdle = 256 << 20

// NewPool makes a pool that keeps at most the given number of bytes while no
// picture uses them; 0 stands for 256 MiB. The caller closes it. From then on the
// C library of this process keeps more of what is freed, too.
func NewPool(bytes int64) *Pool {
	if bytes <= 0 {
		bytes = defaultIdle
	}
	keepFreed()
	open.Add(1)
	return &Pool{limit: int(bytes)}
}

// Close frees what is idle. Pictures of the pool may be closed later, and more
// may be made, which take their memory from the system. It may be called twice.
func (p *Pool) Close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	open.Add(-1)
	return p.shrink(0)
}

// image makes a picture whose pixels are yet to be written, all of them. The
// caller closes it.
func (p *Pool) image(width, height, channels int) *Image {
	open.Add(1)
	layout := gocv.MatTypeCV8UC3
	if channels == 1 {
		layout = gocv.MatTypeCV8UC1
	}
	size := width * height * channels
	from := p.take(size)
	if from.memory == nil {
		return &Image{mat: gocv.NewMatWithSize(height, width, layout), pool: p}
	}
	// It must not be a part of the block's own Mat: OpenCV's filters look beyond
	// the edges of a part, at what an earlier picture left there.
	mat, _ := gocv.NewMatFromBytes(height, width, layout, from.memory[:size]) // fails for no bytes only
	return &Image{mat: mat, pool: p, block: from}
}

// take gives a block of at least the given number of bytes, or none where the
// pool would not keep it.
func (p *Pool) take(size int) block {
	if p == nil || size < smallestBlock {
		return block{}
	}
	// OpenCV counts the columns of a row in 32 bits.
	if size = sizeClass(size); size > p.limit || size > math.MaxInt32 {
		return block{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return block{}
	}
	for i, found := range slices.Backward(p.idle) {
		if len(found.memory) == size {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.bytes -= size
			return found
		}
	}
	mat := gocv.NewMatWithSize(1, size, gocv.MatTypeCV8U)
	memory, _ := mat.DataPtrUint8() // fails for parts of a Mat only
	return block{mat, memory}
}

// give takes a block back, and frees those that were idle longest if there are
// too many now.
func (p *Pool) give(b block) error {
	if b.memory == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, b)
	p.bytes += len(b.memory)
	if p.closed {
		return p.shrink(0)
	}
	return p.shrink(p.limit)
}

// shrink frees the blocks that were idle longest.
func (p *Pool) shrink(limit int) error {
	var errs []error
	for p.bytes > limit {
		oldest := p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		p.bytes -= len(oldest.memory)
		errs = append(errs, oldest.mat.Close())
	}
	return errors.Join(errs...)
}

// sizeClass rounds a number of bytes up, by at most a quarter, so that blocks
// fit photographs of similar sizes: there are four classes to each doubling.
func sizeClass(size int) int {
	step := 1 << (bits.Len(uint(size-1)) - 3)
	return (size + step - 1) / step * step
}
