//go:build dlib

package dlib

// #cgo CXXFLAGS: -std=c++17 -O2
// #cgo LDFLAGS: -ldlib -l:liblapack.so.3 -l:libblas.so.3
// #include <stdlib.h>
// #include "detector.h"
import "C"

import (
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Bounds of Detect.
const (
	// MaxPixels is the most that is looked at, after upsampling: 8,192 x 8,192,
	// which take 1 GB of memory beside the picture, and 8 s of one core.
	MaxPixels = 1 << 26
	// MaxUpsample is how often a picture may be doubled.
	MaxUpsample = 2
	// MinThreshold is the lowest threshold, the far side of the margin that the
	// support vector machine was trained with. Below it nearly every window is a
	// face.
	MinThreshold = -1.0
)

var open atomic.Int64

// Open is the number of detectors and networks that are not yet closed, for leak tests.
func Open() int64 { return open.Load() }

// Detector is dlib's frontal face detector, five linear classifiers on
// histograms of oriented gradients (Felzenszwalb et al. 2010) for faces of 80
// pixels and more, and a shape predictor that finds points in them. It may be
// used by several goroutines: each call works on a copy of the classifiers,
// since dlib's detector is not safe for that.
type Detector struct {
	mu     sync.RWMutex   // held by Close for writing
	handle unsafe.Pointer // nil once closed
	points int
}

// Face is a face found, in pixels of the picture.
type Face struct {
	Box image.Rectangle // may reach out of the picture
	// Score is the margin of the classifier: 0 on its boundary, about 1 where it
	// is sure, hardly ever above 3.5.
	Score  float64
	Points []image.Point // as many as Detector.Points says
}

// Load reads a shape predictor of dlib for 5 or for 68 points; a file that is
// not whole is an error. The caller closes the detector.
func Load(predictor string) (*Detector, error) {
	file, err := readBounded(predictor, MaxPredictor)
	if err != nil {
		return nil, fmt.Errorf("predictor: %w", err)
	}
	points, err := CheckPredictor(file)
	if err != nil {
		return nil, fmt.Errorf("predictor %s: %w", predictor, err)
	}
	var problem *C.char
	handle := C.visage_dlib_load((*C.uchar)(unsafe.SliceData(file)), C.size_t(len(file)), &problem)
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("predictor %s: %w", predictor, err)
	}
	open.Add(1)
	return &Detector{handle: handle, points: points}, nil
}

// readBounded reads a regular file of at most the given bytes.
func readBounded(path string, most int64) (content []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s: want a regular file of at most %d bytes", path, most)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, most+1))
}

// problemOf frees the text that a C++ function left and makes an error of it.
func problemOf(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}

// Points is how many points each face has: 5 or 68.
func (d *Detector) Points() int { return d.points }

// Detect returns the faces whose score is at least threshold (MinThreshold or
// more; dlib's own is 0), the best first. Pixels are red, green, blue, row by
// row. The picture is first doubled upsample times, 0 to MaxUpsample, each of
// which halves the size of the smallest face that is found, from 80 pixels.
// More than MaxPixels after that are an error: the caller upsamples less or
// gives a smaller picture. A call cannot be interrupted; it takes about 15
// bytes of memory and 0.12 microseconds of one core for each pixel looked at.
func (d *Detector) Detect(pixels []byte, width, height, upsample int, threshold float64) ([]Face, error) {
	if err := check(pixels, width, height, upsample, threshold); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.handle == nil {
		return nil, errors.New("the dlib detector is closed")
	}
	var problem *C.char
	var count C.int
	raw := C.visage_dlib_detect(d.handle, (*C.uchar)(unsafe.SliceData(pixels)), C.int(width), C.int(height),
		C.int(upsample), C.double(threshold), &count, &problem)
	defer C.free(unsafe.Pointer(raw))
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("dlib: %w", err)
	}
	faces := make([]Face, count)
	for i, f := range unsafe.Slice(raw, count) {
		faces[i] = Face{
			Box:   image.Rect(int(f.left), int(f.top), int(f.right)+1, int(f.bottom)+1),
			Score: float64(f.score), Points: make([]image.Point, d.points),
		}
		for k := range faces[i].Points {
			faces[i].Points[k] = image.Pt(int(f.points[2*k]), int(f.points[2*k+1]))
		}
	}
	return faces, nil
}

// Fits says whether a picture may be upsampled that often; see MaxPixels.
func Fits(width, height, upsample int) bool {
	return width <= MaxPixels>>(2*upsample)/height
}

func check(pixels []byte, width, height, upsample int, threshold float64) error {
	if err := checkPicture(pixels, width, height, upsample); err != nil {
		return err
	}
	if !(threshold >= MinThreshold) {
		return fmt.Errorf("threshold %g: use %g or more", threshold, MinThreshold)
	}
	return nil
}

func checkPicture(pixels []byte, width, height, upsample int) error {
	switch {
	case width < 1 || height < 1 || upsample < 0 || upsample > MaxUpsample || !Fits(width, height, upsample):
		return fmt.Errorf("picture of %dx%d pixels, doubled %d times: at most %d pixels and %d times are looked at",
			width, height, upsample, MaxPixels, MaxUpsample)
	case len(pixels) != 3*width*height:
		return fmt.Errorf("picture of %dx%d pixels has %d bytes, want three for each", width, height, len(pixels))
	}
	return nil
}

// Close frees the detector, once the calls of Detect in it are done. It may be
// called twice.
func (d *Detector) Close() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handle == nil {
		return nil
	}
	C.visage_dlib_close(d.handle)
	d.handle = nil
	open.Add(-1)
	return nil
}
