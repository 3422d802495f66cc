package resident

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// Open makes an index of a file that Save wrote, and says at what position it stands.
// The codes stay in the file, which is mapped into memory: pages that change are copied,
// the file is not written to. Everything is verified first; nothing that was cut short,
// altered or left half written is trusted.
//
// It returns NotFound without a file, Mismatch for one of another space or version, and
// Internal for one that is damaged or cannot be read. In each case the index is to be
// filled anew. The limit is Config.MemoryLimit.
func Open(path string, space face.Space, memoryLimit int64) (*Index, face.Position, error) {
	mapping, err := mapped(path)
	if err != nil {
		return nil, 0, err
	}
	x, position, err := assemble(mapping, space, memoryLimit)
	if err != nil {
		return nil, 0, errors.Join(face.Wrap(face.CodeOf(err), err, "%s is not used, and can be deleted", path), unmap(mapping))
	}
	return x, position, nil
}

// mapped maps a file into memory. Changes stay in memory.
func mapped(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, face.Wrap(face.NotFound, err, "no index in memory was kept in %s", path)
	}
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "%s cannot be read", path)
	}
	defer func() { _ = file.Close() }() // the mapping outlives it
	info, err := file.Stat()
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "%s cannot be read", path)
	}
	if info.Size() < int64(trailerSize) || info.Size() > math.MaxInt {
		return nil, face.Errorf(face.Internal, "%s has %d bytes and is no index in memory: delete it", path, info.Size())
	}
	all, err := syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "%s cannot be mapped into memory", path)
	}
	return all, nil
}

// unmap is the reverse of mapped; nil was not mapped.
func unmap(mapping []byte) error {
	if mapping == nil {
		return nil
	}
	if err := syscall.Munmap(mapping); err != nil {
		return face.Wrap(face.Internal, err, "memory of a file cannot be given back")
	}
	return nil
}

// describe reads the trailer and the description, and says where the latter begins.
func describe(all []byte) (d description, from int, err error) {
	trailer := all[len(all)-trailerSize:]
	numbers := trailer[len(magic):]
	number := func(i int) uint32 { return binary.LittleEndian.Uint32(numbers[4*i:]) }
	if string(trailer[:len(magic)]) != magic || checksum(trailer[:trailerSize-4]) != number(3) {
		return d, 0, face.Errorf(face.Internal, "it does not end as a complete file does")
	}
	if number(0) != version || !littleEndian() {
		return d, 0, face.Errorf(face.Mismatch, "it is of version %d, and this program reads %d", number(0), version)
	}
	from = len(all) - trailerSize - int(number(1))
	if from < 0 || checksum(all[from:len(all)-trailerSize]) != number(2) {
		return d, 0, face.Errorf(face.Internal, "its description is damaged")
	}
	if err := json.Unmarshal(all[from:len(all)-trailerSize], &d); err != nil {
		return d, 0, face.Wrap(face.Internal, err, "its description is damaged")
	}
	return d, from, nil
}

// assemble verifies a file and makes the index over its memory.
func assemble(all []byte, space face.Space, memoryLimit int64) (*Index, face.Position, error) {
	d, end, err := describe(all)
	if err != nil {
		return nil, 0, err
	}
	if d.Space != space {
		return nil, 0, face.Errorf(face.Mismatch, "it is of the space %s, not of %s", d.Space.Name(), space.Name())
	}
	x, err := New(Config{Space: d.Space, Seed: d.Seed, Mean: d.Mean, MemoryLimit: memoryLimit})
	if err != nil {
		return nil, 0, err
	}
	size := x.layout.size()
	ids := size * len(d.Chunks)
	if len(d.Used) != len(d.Chunks) || d.Galleries < 1 || d.Identities < 1 || ids+16*(d.Galleries+d.Identities) != end || checksum(all[ids:end]) != d.Names {
		return nil, 0, face.Errorf(face.Internal, "its parts do not fit together or are damaged")
	}
	if !intact(all, size, d.Chunks) {
		return nil, 0, face.Errorf(face.Internal, "its codes are damaged")
	}
	chunks := make([]*chunk, len(d.Chunks))
	for i := range chunks {
		chunks[i] = newChunk(x.layout, all[i*size:(i+1)*size:(i+1)*size])
		chunks[i].used = d.Used[i]
	}
	x.chunks.Store(&chunks)
	x.galleries.fill(idsOf(all[ids : ids+16*d.Galleries]))
	x.identities.fill(idsOf(all[ids+16*d.Galleries : end]))
	if !x.recount() {
		return nil, 0, face.Errorf(face.Internal, "its rows contradict each other")
	}
	x.longest.Store(math.Float64bits(d.Longest))
	x.mapping = all
	return x, d.Position, nil
}

// intact compares the checksums of chunks of a size, on all processors.
func intact(all []byte, size int, want []uint32) bool {
	var next atomic.Int64
	var damaged atomic.Bool
	together(workers(), func(int) {
		for i := int(next.Add(1)) - 1; i < len(want); i = int(next.Add(1)) - 1 {
			if checksum(all[i*size:(i+1)*size]) != want[i] {
				damaged.Store(true)
			}
		}
	})
	return !damaged.Load()
}

// fill takes ids with the numbers that they had; the first is zero.
func (n *names) fill(ids [][16]byte) {
	for _, id := range ids {
		n.number(id)
	}
}

// recount finds everything that is known of rows from the rows, and says whether these
// can be: each face once, of a gallery and an identity that have ids.
func (x *Index) recount() bool {
	x.counts = make([]int64, len(x.galleries.ids))
	x.rows.reserve(len(*x.chunks.Load()) * x.layout.rows())
	for i, c := range *x.chunks.Load() {
		if c.used < 0 || c.used > x.layout.rows() {
			return false
		}
		for at := range c.used {
			row := uint32(i<<x.layout.shift + at)
			if c.gallery[at] == 0 {
				x.free = append(x.free, row)
				continue
			}
			_, twice := x.rows.find(c.face[at])
			if twice || int(c.gallery[at]) >= len(x.counts) || int(c.identity[at]) >= len(x.identities.ids) {
				return false
			}
			x.counts[c.gallery[at]]++
			x.rows.add(c.face[at], row)
		}
	}
	x.weigh()
	return true
}
