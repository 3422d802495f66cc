package cv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"iter"
)

// The markers of a JPEG that matter here (ITU-T T.81, table B.1).
const (
	markerTEM   = 0x01
	markerSOF0  = 0xc0 // baseline; C1 is extended sequential
	markerSOF2  = 0xc2 // progressive; above it lossless, hierarchical and arithmetically coded frames
	markerSOF15 = 0xcf
	markerDHT   = 0xc4 // this and the next two lie among the frames and are none
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerRST0  = 0xd0
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP1  = 0xe1
)

// exifIdentifier begins the segment, or the chunk, that holds a TIFF of EXIF
// (Exif 2.32, 4.7.2).
const exifIdentifier = "Exif\x00\x00"

// jpegSegments gives marker and content of the segments before the first scan.
// Bytes between segments are skipped, as libjpeg does.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for at := 2; ; {
			for at+1 < len(data) && (data[at] != 0xff || data[at+1] == 0xff || data[at+1] == 0) {
				at++
			}
			if at+4 > len(data) || data[at+1] == markerEOI || data[at+1] == markerSOS {
				return
			}
			marker := data[at+1]
			at += 2
			if marker == markerTEM || marker >= markerRST0 && marker <= markerSOI {
				continue
			}
			size := int(binary.BigEndian.Uint16(data[at:]))
			if size < 2 || size > len(data)-at || !yield(marker, data[at+2:at+size]) {
				return
			}
			at += size
		}
	}
}

// jpegConfig reads the frame header. Its colour model is that of image/jpeg:
// grey, YCbCr (also where the components are red, green and blue) or CMYK (also
// where they are YCCK).
func jpegConfig(data []byte) (image.Config, error) {
	for marker, frame := range jpegSegments(data) {
		switch {
		case marker < markerSOF0, marker > markerSOF15, marker == markerDHT, marker == markerJPG, marker == markerDAC:
			continue
		case marker > markerSOF2:
			return image.Config{}, fmt.Errorf("%w: the JPEG is lossless, hierarchical or arithmetically coded", ErrUnsupported)
		case len(frame) < 6:
			return image.Config{}, errors.New("the frame header is cut short")
		case frame[0] != 8:
			return image.Config{}, fmt.Errorf("%w: the JPEG has %d bits a sample", ErrUnsupported, frame[0])
		}
		models := map[byte]color.Model{1: color.GrayModel, 3: color.YCbCrModel, 4: color.CMYKModel}
		model := models[frame[5]]
		if model == nil {
			return image.Config{}, fmt.Errorf("%w: the JPEG has %d components", ErrUnsupported, frame[5])
		}
		height, width := binary.BigEndian.Uint16(frame[1:]), binary.BigEndian.Uint16(frame[3:])
		return image.Config{ColorModel: model, Width: int(width), Height: int(height)}, nil
	}
	return image.Config{}, errors.New("no frame header before the first scan")
}

// jpegOrientation reads the orientation, 1 to 8, from the first segment of EXIF;
// those of XMP have the same marker. It is 1 where there is none.
func jpegOrientation(data []byte) int {
	for marker, content := range jpegSegments(data) {
		if block, ok := bytes.CutPrefix(content, []byte(exifIdentifier)); ok && marker == markerAPP1 {
			return tiffOrientation(block)
		}
	}
	return 1
}
