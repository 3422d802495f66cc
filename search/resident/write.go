package resident

import (
	"math"
	"slices"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// Put takes templates in, each in the place of an earlier one of the same face. A
// search that runs meanwhile sees some of them. It returns Mismatch for a template of
// another dimension and Invalid for one that is zero or not finite and for one of no
// gallery; then it takes none. It returns TooLarge where the memory limit keeps it from
// taking all; then the index is not complete and of no use any more.
func (x *Index) Put(templates []face.Enrolled) error {
	leave, err := x.enter()
	if err != nil {
		return err
	}
	defer leave()
	codes, err := x.encode(templates)
	if err != nil {
		return err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	defer x.weigh()
	for i, t := range templates {
		if err := x.place(t, codes[i]); err != nil {
			return err
		}
	}
	return nil
}

// encode makes the codes of templates on all processors.
func (x *Index) encode(templates []face.Enrolled) ([]code, error) {
	codes, errs := make([]code, len(templates)), make([]error, len(templates))
	var group sync.WaitGroup
	n := workers()
	for w := range min(n, len(templates)) {
		group.Go(func() {
			for i := w; i < len(templates); i += n {
				t := templates[i]
				if t.Gallery == [16]byte{} {
					errs[i] = face.Errorf(face.Invalid, "face %x belongs to no gallery", t.Face)
					continue
				}
				codes[i], errs[i] = x.coder.encode(t.Vector)
			}
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "face %x cannot be held in memory", templates[i].Face)
		}
	}
	return codes, nil
}

// place writes one template; x.writing must be held.
func (x *Index) place(t face.Enrolled, v code) error {
	row, known := x.rows.find(t.Face)
	if !known {
		var err error
		if row, err = x.take(); err != nil {
			return err
		}
	}
	if norm := float64(v.norm); norm > math.Float64frombits(x.longest.Load()) {
		x.longest.Store(math.Float64bits(norm))
	}
	c, at := x.at(row)
	gallery, identity := x.count(t.Gallery, t.Identity, c.gallery[at])
	c.put(at, v, t.Face, gallery, identity)
	if !known {
		x.rows.add(t.Face, row)
	}
	return nil
}

// count gives the ids of a template's gallery and identity numbers, and counts it to
// the gallery instead of to the one of the row that it takes (0: none).
func (x *Index) count(gallery, identity [16]byte, before uint32) (galleryNumber, identityNumber uint32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	galleryNumber, identityNumber = x.galleries.number(gallery), x.identities.number(identity)
	for len(x.counts) <= int(galleryNumber) {
		x.counts = append(x.counts, 0)
	}
	x.counts[galleryNumber]++
	if before != 0 {
		x.counts[before]--
	}
	return galleryNumber, identityNumber
}

// take returns a row that holds nothing, of a new chunk where there is none.
func (x *Index) take() (uint32, error) {
	if n := len(x.free); n > 0 {
		row := x.free[n-1]
		x.free = x.free[:n-1]
		return row, nil
	}
	chunks := *x.chunks.Load()
	if n := len(chunks); n > 0 && chunks[n-1].used < x.layout.rows() {
		return uint32((n-1)<<x.layout.shift + chunks[n-1].used), nil
	}
	x.weigh()
	if limit := x.cfg.MemoryLimit; limit > 0 && x.Bytes()+int64(x.layout.size()) > limit {
		return 0, face.Errorf(face.TooLarge, "the index in memory of %s takes %d bytes for %d templates and may take %d: allow it more, or search in Postgres",
			x.cfg.Space.Name(), x.Bytes(), x.Len(), limit)
	}
	// A new list: searches go on reading the one that they have.
	more := slices.Concat(chunks, []*chunk{newChunk(x.layout, allocate(x.layout.size()))})
	x.chunks.Store(&more)
	return uint32(len(chunks) << x.layout.shift), nil
}

// Remove forgets faces; those that the index does not hold are no error. It returns
// Unavailable after Close, as do all that follow.
func (x *Index) Remove(faces [][16]byte) error {
	return x.write(func() {
		for _, id := range faces {
			if row, known := x.rows.find(id); known {
				x.drop(row)
			}
		}
	})
}

// drop makes a row hold nothing; x.writing must be held.
func (x *Index) drop(row uint32) {
	c, at := x.at(row)
	x.rows.remove(c.face[at])
	x.mu.Lock()
	x.counts[c.gallery[at]]--
	x.mu.Unlock()
	c.empty(at)
	x.free = append(x.free, row)
}

// Identify gives a face to another identity, or to nobody where that is zero. A face
// that the index does not hold is no error.
func (x *Index) Identify(id, identity [16]byte) error {
	return x.write(func() {
		row, known := x.rows.find(id)
		if !known {
			return
		}
		x.mu.Lock()
		number := x.identities.number(identity)
		x.mu.Unlock()
		c, at := x.at(row)
		c.name(at, number)
	})
}

// DropGallery forgets all faces of a gallery.
func (x *Index) DropGallery(gallery [16]byte) error {
	return x.write(func() {
		x.mu.RLock()
		number, known := x.galleries.table.find(gallery)
		x.mu.RUnlock()
		if !known || number == 0 {
			return
		}
		for i, c := range *x.chunks.Load() {
			for at := range c.used {
				if c.gallery[at] == number {
					x.drop(uint32(i<<x.layout.shift + at))
				}
			}
		}
	})
}

// Clear forgets all faces.
func (x *Index) Clear() error {
	return x.write(func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.reset()
	})
}

// write runs a change of the rows alone.
func (x *Index) write(change func()) error {
	leave, err := x.enter()
	if err != nil {
		return err
	}
	defer leave()
	x.writing.Lock()
	defer x.writing.Unlock()
	change()
	x.weigh()
	return nil
}
