package cv

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"sync"

	"gocv.io/x/gocv"
)

// Cascade is a Haar cascade (Viola and Jones 2001) in OpenCV's XML format. It
// may be used by several goroutines: each takes a classifier of its own, since
// OpenCV's is not safe for that.
type Cascade struct {
	path   string
	mu     sync.Mutex
	idle   []*gocv.CascadeClassifier
	closed bool
}

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

func (c *Cascade) load() (*gocv.CascadeClassifier, error) {
	if err := checkXML(c.path); err != nil {
		return nil, fmt.Errorf("cascade %s: %w", c.path, err)
	}
	classifier := gocv.NewCascadeClassifier()
	if !classifier.Load(c.path) {
		return nil, errors.Join(fmt.Errorf("%s: not a cascade that OpenCV reads", c.path), classifier.Close())
	}
	return &classifier, nil
}

// checkXML reads a file to its end as XML. OpenCV ends the process on one that
// is none, lacks the declaration, or is cut short.
func checkXML(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(text, []byte("<?xml")) {
		return errors.New("the file is no XML")
	}
	for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
		switch _, err := decoder.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Windows returns every window of at least minSide pixels a side that the
// cascade accepts in a grey picture, over a pyramid of factor 1.1. A face
// gives many overlapping windows; the caller groups them.
func (c *Cascade) Windows(grey *Image, minSide int) ([]image.Rectangle, error) {
	if grey.Channels() != 1 {
		return nil, errors.New("cascade: the picture is not grey")
	}
	classifier, err := c.take()
	if err != nil {
		return nil, err
	}
	defer c.give(classifier)
	const factor, ungrouped, flags = 1.1, 0, 0
	return classifier.DetectMultiScaleWithParams(grey.mat, factor, ungrouped, flags,
		image.Pt(minSide, minSide), image.Point{}), nil
}

func (c *Cascade) take() (*gocv.CascadeClassifier, error) {
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

func (c *Cascade) give(classifier *gocv.CascadeClassifier) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = classifier.Close() // a delete in C++; it cannot fail
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
	var errs []error
	for _, classifier := range c.idle {
		errs = append(errs, classifier.Close())
	}
	return errors.Join(errs...)
}
