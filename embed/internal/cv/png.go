package cv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// decodePNG decodes a PNG and turns it. Its chunks are looked at first, because
// libpng prints what is wrong with them.
func decodePNG(s *Source, pool *Pool, reduction int) (*Image, error) {
	if err := checkPNG(s.data); err != nil {
		return nil, s.damaged(err)
	}
	return decodeOpenCV(s, pool, reduction)
}

// checkPNG says what is wrong with the chunks of a PNG (3rd edition, 5.3): it must
// go on to the last, and those that decoding needs, whose names begin with a
// capital letter, must have their checksums.
func checkPNG(data []byte) error {
	const signature, head, checksum, ancillary = 8, 8, 4, 0x20
	for rest := data[signature:]; len(rest) >= head+checksum; {
		size := uint64(binary.BigEndian.Uint32(rest))
		if size > uint64(len(rest)-head-checksum) {
			break
		}
		name, end := string(rest[4:head]), head+size
		if name[0]&ancillary == 0 && crc32.ChecksumIEEE(rest[4:end]) != binary.BigEndian.Uint32(rest[end:]) {
			return fmt.Errorf("its chunk %q has another checksum", name)
		}
		if name == "IEND" {
			return nil
		}
		rest = rest[end+checksum:]
	}
	return errors.New("it is cut short")
}
