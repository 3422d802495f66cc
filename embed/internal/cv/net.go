package cv

// #include <stdlib.h>
// #include "net.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"
)

// Net is a neural network that OpenCV runs, for formats that ONNX Runtime does
// not read. It may be used by several goroutines: each takes a network of its
// own, since OpenCV's is not safe for that. OpenCV works on one run with all
// cores.
type Net struct {
	description, weights []byte

	mu     sync.Mutex
	idle   []unsafe.Pointer // of cv::dnn::Net
	closed bool
}

// OpenCaffe reads a Caffe network, whose description is a text (prototxt) and
// whose weights are a protocol buffer (caffemodel). OpenCV does not defend
// itself against files that are made to harm: give it only files whose hash is
// known. Net keeps both; do not write to them. The caller closes it.
func OpenCaffe(description, weights []byte) (*Net, error) {
	if len(description) == 0 || len(weights) == 0 {
		return nil, fmt.Errorf("caffe network: a description of %d bytes and weights of %d, want both", len(description), len(weights))
	}
	n := &Net{description: description, weights: weights}
	first, err := n.load()
	if err != nil {
		return nil, err
	}
	open.Add(1)
	n.idle = append(n.idle, first)
	return n, nil
}

func (n *Net) load() (unsafe.Pointer, error) {
	var problem *C.char
	net := C.visage_net_open(chars(n.description), C.size_t(len(n.description)), chars(n.weights), C.size_t(len(n.weights)), &problem)
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("caffe network: %w", err)
	}
	return net, nil
}

func chars(b []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(b))) }

// Forward runs the network on its only input, a dense array of the given shape,
// the last dimension running fastest, and returns the output of its last layer
// in Go's memory.
func (n *Net) Forward(shape []int64, values []float32) ([]int64, []float32, error) {
	sides, err := netShape(shape, len(values))
	if err != nil {
		return nil, nil, err
	}
	net, err := n.take()
	if err != nil {
		return nil, nil, err
	}
	out, data, err := forward(net, sides, values)
	if err != nil {
		C.visage_net_close(net) // who knows what state the exception left it in
		return nil, nil, fmt.Errorf("run the Caffe network: %w", err)
	}
	n.give(net)
	return out, data, nil
}

func forward(net unsafe.Pointer, sides []C.int, values []float32) ([]int64, []float32, error) {
	var answer C.visage_array
	var problem *C.char
	C.visage_net_forward(net, C.int(len(sides)), unsafe.SliceData(sides), (*C.float)(unsafe.Pointer(unsafe.SliceData(values))), &answer, &problem)
	defer C.free(unsafe.Pointer(answer.values))
	if err := problemOf(problem); err != nil {
		return nil, nil, err
	}
	total, shape := 1, make([]int64, answer.dimensions)
	for i := range shape {
		shape[i] = int64(answer.shape[i])
		total *= int(answer.shape[i])
	}
	return shape, slices.Clone(unsafe.Slice((*float32)(unsafe.Pointer(answer.values)), total)), nil
}

// netShape checks that an array of the shape has so many values, at least one.
func netShape(shape []int64, values int) ([]C.int, error) {
	sides, total := make([]C.int, len(shape)), int64(1)
	for i, side := range shape {
		if side < 1 || side > math.MaxInt32/total {
			return nil, fmt.Errorf("input of the Caffe network: shape %v", shape)
		}
		sides[i], total = C.int(side), total*side
	}
	if len(shape) == 0 || len(shape) > C.visage_max_dimensions || int64(values) != total {
		return nil, fmt.Errorf("input of the Caffe network: %d values of shape %v", values, shape)
	}
	return sides, nil
}

func (n *Net) take() (unsafe.Pointer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, errors.New("the network is closed")
	}
	if last := len(n.idle) - 1; last >= 0 {
		net := n.idle[last]
		n.idle = n.idle[:last]
		return net, nil
	}
	return n.load()
}

func (n *Net) give(net unsafe.Pointer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		C.visage_net_close(net)
		return
	}
	n.idle = append(n.idle, net)
}

// Close frees the networks; one that is running is freed when it ends. It may
// be called twice.
func (n *Net) Close() error {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	open.Add(-1)
	for _, net := range n.idle {
		C.visage_net_close(net)
	}
	n.idle = nil
	return nil
}
