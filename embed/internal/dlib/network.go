//go:build dlib

package dlib

// #include <stdlib.h>
// #include "network.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// cropBytes is what a crop has: three bytes for each pixel.
const cropBytes = 3 * Side * Side

// Network is dlib's face recognition network (King 2017, "High Quality Face
// Recognition with Deep Metric Learning"). It may be used by several goroutines:
// each call of Describe runs a network of its own, since one of dlib's keeps the
// outputs of all layers in itself. As many are made as calls ran at once, but no
// more than there are processors for Go; further calls wait. The weights that
// they are copied from take 22 MB, each of them 29 MB. dlib multiplies matrices
// with the system's BLAS: a crop takes 0.16 s of one core with the reference one,
// 0.016 s with OpenBLAS, and as long among others as alone.
type Network struct {
	mu      sync.RWMutex   // held by Close for writing
	weights unsafe.Pointer // never run; nil once closed
	turns   chan struct{}  // one for each network that may run

	idleMu sync.Mutex
	idle   []unsafe.Pointer // networks that none runs
}

// LoadNetwork reads a network in dlib's file format, such as
// dlib_face_recognition_resnet_model_v1.dat, not compressed; see CheckNetwork.
// The caller closes it.
func LoadNetwork(path string) (*Network, error) {
	file, err := readBounded(path, MaxNetwork)
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	if err := CheckNetwork(file); err != nil {
		return nil, fmt.Errorf("network %s: %w", path, err)
	}
	var problem *C.char
	weights := C.visage_dlib_network_load((*C.uchar)(unsafe.SliceData(file)), C.size_t(len(file)), &problem)
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("network %s: %w", path, err)
	}
	open.Add(1)
	return &Network{weights: weights, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

// Describe returns Dimensions values for each crop, which has Side rows of Side
// pixels of red, green, blue. The network was trained so that two of its vectors
// lie less than 0.6 apart where both are of one person (King 2017); they have no
// common length. The same crop has the same values, whichever crops are beside
// it. A call cannot be interrupted.
func (n *Network) Describe(crops [][]byte) ([][]float32, error) {
	if len(crops) == 0 {
		return nil, nil
	}
	pixels := make([]byte, 0, len(crops)*cropBytes)
	for i, crop := range crops {
		if len(crop) != cropBytes {
			return nil, fmt.Errorf("crop %d has %d bytes, want %d: three for each of %dx%d pixels", i, len(crop), cropBytes, Side, Side)
		}
		pixels = append(pixels, crop...)
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.weights == nil {
		return nil, errors.New("the dlib network is closed")
	}
	n.turns <- struct{}{}
	defer func() { <-n.turns }()
	values := make([]float32, len(crops)*Dimensions)
	if err := n.run(pixels, values); err != nil {
		return nil, fmt.Errorf("dlib: %w", err)
	}
	vectors := make([][]float32, len(crops))
	for i := range vectors {
		vectors[i] = values[i*Dimensions : (i+1)*Dimensions : (i+1)*Dimensions]
	}
	return vectors, nil
}

// run describes the crops of pixels with a network that nobody else runs. The
// caller holds mu and a turn.
func (n *Network) run(pixels []byte, values []float32) error {
	network, err := n.take()
	if err != nil {
		return err
	}
	var problem *C.char
	C.visage_dlib_network_describe(network, (*C.uchar)(unsafe.SliceData(pixels)), C.size_t(len(pixels)/cropBytes),
		(*C.float)(unsafe.SliceData(values)), &problem)
	if err := problemOf(problem); err != nil {
		C.visage_dlib_network_close(network) // dlib leaves it as it was when memory ran out
		return err
	}
	n.idleMu.Lock()
	defer n.idleMu.Unlock()
	n.idle = append(n.idle, network)
	return nil
}

// take returns an idle network, a new one if there is none.
func (n *Network) take() (unsafe.Pointer, error) {
	n.idleMu.Lock()
	defer n.idleMu.Unlock()
	if last := len(n.idle) - 1; last >= 0 {
		network := n.idle[last]
		n.idle = n.idle[:last]
		return network, nil
	}
	var problem *C.char
	network := C.visage_dlib_network_copy(n.weights, &problem)
	return network, problemOf(problem)
}

// Close frees the network, once the calls of Describe in it are done. It may be
// called twice.
func (n *Network) Close() error {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.weights == nil {
		return nil
	}
	for _, network := range append(n.idle, n.weights) {
		C.visage_dlib_network_close(network)
	}
	n.weights, n.idle = nil, nil
	open.Add(-1)
	return nil
}
