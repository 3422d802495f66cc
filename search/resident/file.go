package resident

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/visagedb/visage/internal/face"
)

// A file is the chunks as they lie in memory, the ids of galleries and identities by
// number, a description of all that in JSON, and a trailer of trailerSize bytes, which
// says where the description is. Every byte is under one checksum: CRC-32C, which
// processors compute as fast as they read.
//
// Numbers are written as the processor has them, little endian: version would change
// with anything else.
const (
	magic       = "visage-codes"
	version     = 1
	trailerSize = len(magic) + 4*4
)

func checksum(all []byte) uint32 { return crc32.Checksum(all, crc32.MakeTable(crc32.Castagnoli)) }

// description is what a file says of itself.
type description struct {
	Space    face.Space    `json:"space"`
	Seed     uint64        `json:"seed"`
	Mean     []float32     `json:"mean,omitempty"`
	Position face.Position `json:"position"`
	Longest  float64       `json:"longest"` // template that was ever put
	// Used is how many rows of each chunk were ever used, Chunks their checksums.
	Used   []int    `json:"used"`
	Chunks []uint32 `json:"chunks"`
	// Galleries and Identities are how many ids there are, with the zero one, and Names
	// their checksum.
	Galleries  int    `json:"galleries"`
	Identities int    `json:"identities"`
	Names      uint32 `json:"names"`
}

// Save writes the index to a file, from which Open makes it again, and puts that in the
// place of an earlier one when it is complete and on disk. The position is what the
// index holds is of; writers wait until it is written, searches do not. Where it fails,
// with Internal or, after Close, Unavailable, an earlier file stays as it is.
func (x *Index) Save(path string, position face.Position) error {
	leave, err := x.enter()
	if err != nil {
		return err
	}
	defer leave()
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := replace(path, func(w io.Writer) error { return x.writeAll(w, position) }); err != nil {
		return face.Wrap(face.Internal, err, "the index in memory of %s cannot be kept in %s: see that there is room", x.cfg.Space.Name(), path)
	}
	return nil
}

// replace writes a file under another name and gives it its own when it is on disk.
func replace(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	out := bufio.NewWriterSize(file, 1<<20)
	if err = write(out); err == nil {
		err = errors.Join(out.Flush(), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	folder, openErr := os.Open(filepath.Dir(path))
	if openErr != nil {
		return nil // the file is in its place; when that reaches the disk is the system's
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// writeAll writes version 1 of the format.
func (x *Index) writeAll(w io.Writer, position face.Position) error {
	d := description{Space: x.cfg.Space, Seed: x.cfg.Seed, Mean: x.cfg.Mean, Position: position, Longest: math.Float64frombits(x.longest.Load())}
	for _, c := range *x.chunks.Load() {
		d.Used, d.Chunks = append(d.Used, c.used), append(d.Chunks, checksum(c.memory))
		if _, err := w.Write(c.memory); err != nil {
			return err
		}
	}
	d.Galleries, d.Identities = len(x.galleries.ids), len(x.identities.ids)
	ids := append(bytesOf(x.galleries.ids), bytesOf(x.identities.ids)...)
	d.Names = checksum(ids)
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	trailer := []byte(magic)
	for _, n := range []uint32{version, uint32(len(text)), checksum(text)} {
		trailer = binary.LittleEndian.AppendUint32(trailer, n)
	}
	trailer = binary.LittleEndian.AppendUint32(trailer, checksum(trailer))
	for _, part := range [][]byte{ids, text, trailer} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// bytesOf is a copy of ids one behind the other.
func bytesOf(ids [][16]byte) []byte {
	all := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		all = append(all, id[:]...)
	}
	return all
}

// idsOf is the reverse of bytesOf.
func idsOf(all []byte) [][16]byte {
	ids := make([][16]byte, len(all)/16)
	for i := range ids {
		ids[i] = [16]byte(all[16*i:])
	}
	return ids
}

// littleEndian says whether the processor writes numbers as files have them.
func littleEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}
