package cv

// #cgo !customenv pkg-config: opencv4
// #include <stdlib.h>
// #include "cascade.h"
import "C"

import (
	"errors"
	"fmt"
	"image"
	"os"
	"sync"
	"unsafe"
)

// Cascade is a Haar cascade (Viola and Jones 2001) in OpenCV's XML format. It
// may be used by several goroutines: each takes a classifier of its own, since
// OpenCV's is not safe for that.
type Cascade struct {
	path   string
	mu     sync.Mutex
	idle   []unsafe.Pointer // of cv::CascadeClassifier
	closed bool
}

// Window is a part of a picture, in pixels, that a cascade accepts. Weight is
// the sum of the cascade's last stage, larger for what looks more like the
// object; it has no fixed range.
type Window struct {
	Rect   image.Rectangle
	Weight float64
}

// largestReused is the longest side, in pixels, of a picture after which a
// classifier is used again. OpenCV's keeps a buffer of the largest width times
// the largest height that it has seen, which overflows for a very long picture
// after a very tall one.
const largestReused = 4096

// OpenCascade reads a cascade. The caller closes it.
func OpenCascade(path string) (*Cascade, error) {
	c := &Cascade{path: path}
	first, err := c.load()
	if err != nil {
		return nil, err
	}
	open.Add(1)
	c.idle = append(c.idle, first)
	return c, nil
}

func (c *Cascade) load() (unsafe.Pointer, error) {
	if _, err := os.Stat(c.path); err != nil {
		return nil, fmt.Errorf("cascade: %w", err)
	}
	path := C.CString(c.path)
	defer C.free(unsafe.Pointer(path))
	var problem *C.char
	classifier := C.visage_cascade_open(path, &problem)
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("cascade %s: %w", c.path, err)
	}
	return classifier, nil
}

// problemOf frees the text that a C++ function left and makes an error of it.
func problemOf(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}

// Windows returns every window of at least least pixels a side that the
// cascade accepts in a grey picture, over a pyramid of factor 1.1. A face gives
// many overlapping windows. With neighbours above 0 they are grouped by OpenCV:
// one window for each group of more than that many; with 0 the caller groups
// them.
func (c *Cascade) Windows(grey *Image, least, neighbours int) ([]Window, error) {
	if grey.Channels() != 1 {
		return nil, errors.New("cascade: the picture is not grey")
	}
	pixels, err := grey.Pixels()
	if err != nil {
		return nil, err
	}
	classifier, err := c.take()
	if err != nil {
		return nil, err
	}
	defer func() {
		if max(grey.Width(), grey.Height()) > largestReused {
			C.visage_cascade_close(classifier)
			return
		}
		c.give(classifier)
	}()
	const factor = 1.1
	var problem *C.char
	var count C.int
	raw := C.visage_cascade_windows(classifier, (*C.uchar)(unsafe.Pointer(unsafe.SliceData(pixels))),
		C.int(grey.Width()), C.int(grey.Height()), factor, C.int(neighbours), C.int(least), &count, &problem)
	defer C.free(unsafe.Pointer(raw))
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("cascade %s: %w", c.path, err)
	}
	windows := make([]Window, count)
	for i, w := range unsafe.Slice(raw, count) {
		x, y := int(w.x), int(w.y)
		windows[i] = Window{image.Rect(x, y, x+int(w.width), y+int(w.height)), float64(w.weight)}
	}
	return windows, nil
}

func (c *Cascade) take() (unsafe.Pointer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("the cascade is closed")
	}
	if n := len(c.idle); n > 0 {
		classifier := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return classifier, nil
	}
	return c.load()
}

func (c *Cascade) give(classifier unsafe.Pointer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		C.visage_cascade_close(classifier)
		return
	}
	c.idle = append(c.idle, classifier)
}

// Close frees the classifiers. It may be called twice.
func (c *Cascade) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	open.Add(-1)
	for _, classifier := range c.idle {
		C.visage_cascade_close(classifier)
	}
	return nil
}
