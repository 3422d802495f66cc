package cv

// #cgo LDFLAGS: -lturbojpeg
// #include <turbojpeg.h>
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"strings"
	"unsafe"
)

// largestScans bounds pixels times scans, which is what a progressive JPEG costs:
// some ten scans of the largest photograph, five times over.
const largestScans = 5_000_000_000

// decodeJPEG decodes through libjpeg-turbo at 1/reduction of the size, with its
// accurate DCT and smooth upsampling, and so to the very pixels of OpenCV.
func decodeJPEG(s *Source, pool *Pool, reduction int) (*Image, error) {
	if work := int64(bytes.Count(s.data, []byte("\xff\xda"))) * int64(s.config.Width) * int64(s.config.Height); work > largestScans {
		return nil, fmt.Errorf("%w: the JPEG has so many scans that each of its pixels would be decoded %d times",
			ErrTooLarge, work/(int64(s.config.Width)*int64(s.config.Height)))
	}
	m := pool.image((s.config.Width+reduction-1)/reduction, (s.config.Height+reduction-1)/reduction, 3)
	pixels, err := m.Pixels()
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	whole := image.Pt(s.config.Width, s.config.Height)
	if s.config.ColorModel == color.CMYKModel {
		inks := make([]byte, len(pixels)/3*4)
		err = decompress(s.data, whole, inks, m.Bounds().Max, C.TJPF_CMYK)
		fromCMYK(inks, pixels)
	} else if !decodeProgressive(s.data, reduction, pixels, m.Bounds().Max) {
		err = decompress(s.data, whole, pixels, m.Bounds().Max, C.TJPF_BGR)
	}
	if err != nil {
		return nil, errors.Join(s.damaged(err), m.Close())
	}
	return turned(m, s.orientation), nil
}

// decompress fills the memory of a picture of the given size from a JPEG of the
// whole size. The whole is compared with what libjpeg reads, lest it should
// leave a part of the memory as it was. A decompressor is cheap (0.3
// microseconds) but not for several goroutines; so each call has its own.
func decompress(data []byte, whole image.Point, into []byte, size image.Point, layout C.int) error {
	runtime.LockOSThread() // libjpeg-turbo keeps the text of a warning by thread
	defer runtime.UnlockOSThread()
	handle := C.tjInitDecompress()
	if handle == nil {
		return errors.New("libjpeg-turbo has no memory for a decompressor")
	}
	defer C.tjDestroy(handle)
	jpeg, length := (*C.uchar)(unsafe.SliceData(data)), C.ulong(len(data))
	var width, height, subsampling, space C.int
	// It fails where it has no name for the subsampling, which is no reason not
	// to decode; the sides are set all the same.
	failed := C.tjDecompressHeader3(handle, jpeg, length, &width, &height, &subsampling, &space) != 0
	if got := image.Pt(int(width), int(height)); got != whole {
		if failed {
			return errors.New(C.GoString(C.tjGetErrorStr2(handle)))
		}
		return fmt.Errorf("libjpeg-turbo finds %dx%d pixels, the header says %dx%d", got.X, got.Y, whole.X, whole.Y)
	}
	const unpadded = 0
	if C.tjDecompress2(handle, jpeg, length, (*C.uchar)(unsafe.SliceData(into)),
		C.int(size.X), unpadded, C.int(size.Y), layout, C.TJFLAG_LIMITSCANS) == 0 {
		return nil
	}
	text := C.GoString(C.tjGetErrorStr2(handle))
	if C.tjGetErrorCode(handle) == C.TJERR_WARNING && !losesPixels(text) && ends(data) {
		return nil
	}
	return errors.New(text)
}

// ends says whether an end-of-image marker stands near the end. A warning that
// loses nothing hides the later one about a picture that was cut short.
func ends(data []byte) bool {
	const trailer = 4096 // bytes that may follow the picture
	return bytes.Contains(data[max(0, len(data)-trailer):], []byte("\xff\xd9"))
}

// losesPixels says whether a warning of libjpeg (jerror.h) means that part of
// the picture is missing; it is then filled with grey or with a repetition.
// There is no other sign of it than the text, and that of the first warning
// alone. The other warnings are about a baseline scan's parameters, which nothing
// depends on, and about the contents of application segments: they leave the
// picture whole.
func losesPixels(warning string) bool {
	// Some cameras pad a scan with a few bytes. Where more are left over, the
	// decoder has lost its place: most often a piece of a progressive JPEG is cut
	// out, which leaves 25 bytes to 60 kB.
	const padding = 16
	var superfluous int
	if _, err := fmt.Sscanf(warning, "Corrupt JPEG data: %d extraneous bytes", &superfluous); err == nil {
		return superfluous > padding
	}
	for _, text := range []string{
		"Premature end of JPEG file", "premature end of data segment", "bad Huffman code", "instead of RST",
		"Inconsistent progression sequence",
	} {
		if strings.Contains(warning, text) {
			return true
		}
	}
	return false
}

// fromCMYK turns pixels of four inks into blue, green, red. The inks are
// inverted, 255 for none: Adobe's programs write them so, and OpenCV and
// browsers take them so with or without Adobe's marker.
func fromCMYK(inks, pixels []byte) {
	for i, j := 0, 0; i < len(inks); i, j = i+4, j+3 {
		black := int(inks[i+3])
		for channel := range 3 {
			pixels[j+channel] = byte((int(inks[i+2-channel])*black + 127) / 255)
		}
	}
}
