package cv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"iter"

	"gocv.io/x/gocv"
	"golang.org/x/image/webp"
)

// riffChunks gives name and content of consecutive chunks of a WebP (RIFF
// container; developers.google.com/speed/webp/docs/riff_container). It ends at
// a chunk that is cut short.
func riffChunks(data []byte) iter.Seq2[string, []byte] {
	const head = 8
	return func(yield func(string, []byte) bool) {
		for len(data) >= head {
			size := uint64(binary.LittleEndian.Uint32(data[4:]))
			if size > uint64(len(data)-head) || !yield(string(data[:4]), data[head:head+size]) {
				return
			}
			data = data[min(head+size+size%2, uint64(len(data))):]
		}
	}
}

const riffHead = 12 // the length of "RIFF", a size and "WEBP"

// webpOrientation reads the orientation, 1 to 8, from the EXIF chunk, which
// OpenCV leaves unread. It is 1 where there is none.
func webpOrientation(data []byte) int {
	for name, content := range riffChunks(data[riffHead:]) {
		if name == "EXIF" {
			return tiffOrientation(bytes.TrimPrefix(content, []byte(exifIdentifier)))
		}
	}
	return 1
}

// decodeWebP decodes a still picture or an animation's first frame.
func decodeWebP(s *Source, pool *Pool, reduction int) (*Image, error) {
	for name, content := range riffChunks(s.data[riffHead:]) {
		if name != "ANMF" {
			continue
		}
		m, err := webpFrame(content, image.Pt(s.config.Width, s.config.Height), pool)
		if err != nil {
			return nil, s.damaged(err)
		}
		return turned(m, s.orientation), nil
	}
	return decodeOpenCV(s, pool, reduction)
}

// webpFrame decodes an ANMF chunk onto a black canvas: OpenCV before 4.11
// refuses animations, so that the frame's bitmap is made a file of its own. Its
// chunk of transparency (ALPH) stays behind.
func webpFrame(chunk []byte, canvas image.Point, pool *Pool) (*Image, error) {
	const head = 16 // x, y, width, height and duration of 24 bits each, then flags
	if len(chunk) < head {
		return nil, errors.New("the first frame is cut short")
	}
	corner := image.Pt(2*uint24(chunk), 2*uint24(chunk[3:]))
	for name, bitmap := range riffChunks(chunk[head:]) {
		if name != "VP8 " && name != "VP8L" {
			continue
		}
		still := stillWebP(name, bitmap)
		config, err := webp.DecodeConfig(bytes.NewReader(still))
		if err != nil {
			return nil, err
		}
		at := image.Rect(0, 0, config.Width, config.Height).Add(corner)
		if !at.In(image.Rectangle{Max: canvas}) {
			return nil, fmt.Errorf("its first frame %v lies outside the canvas of %dx%d pixels", at, canvas.X, canvas.Y)
		}
		frame, err := fromOpenCV(still, at.Size(), pool)
		if err != nil {
			return nil, err
		}
		defer frame.Close()
		return onBlack(frame, at, canvas), nil
	}
	return nil, errors.New("the first frame has no bitmap")
}

// onBlack puts a picture at its place on a black canvas around it.
func onBlack(frame *Image, at image.Rectangle, canvas image.Point) *Image {
	m := frame.pool.image(canvas.X, canvas.Y, frame.Channels())
	m.mat.SetTo(gocv.Scalar{})
	region := m.mat.Region(at)
	defer region.Close()
	frame.mat.CopyTo(&region)
	return m
}

func stillWebP(name string, bitmap []byte) []byte {
	const chunkHead, pad = 8, 1
	out := make([]byte, 0, riffHead+chunkHead+len(bitmap)+pad)
	size := len(bitmap) + len(bitmap)%2
	out = binary.LittleEndian.AppendUint32(append(out, "RIFF"...), uint32(4+chunkHead+size))
	out = binary.LittleEndian.AppendUint32(append(out, "WEBP"+name...), uint32(len(bitmap)))
	return append(append(out, bitmap...), make([]byte, len(bitmap)%2)...)
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
