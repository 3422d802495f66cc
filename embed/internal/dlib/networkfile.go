package dlib

import (
	"errors"
	"fmt"
)

// What a network takes and gives.
const (
	// Side is the width and height of a crop, in pixels.
	Side = 150
	// Dimensions is how many values describe a face.
	Dimensions = 128
)

// MaxNetwork is the largest face recognition network that is read, in bytes. The
// published one has 22,466,066.
const MaxNetwork = 32 << 20

var errNetwork = errors.New("not a whole face recognition network of dlib")

// CheckNetwork reads through a face recognition network in dlib's file format:
// the 29 convolutions that dlib_face_recognition_resnet_model_v1.dat has, with
// other weights perhaps. dlib itself believes the counts of a file, takes as much
// memory as they say, and ends the process where two layers do not fit together,
// so nothing else may reach it.
//
// The format (dlib/dnn/core.h, layers.h, loss.h, input.h, dlib/cuda/tensor.h):
// the loss; the version of every layer, from the last to the second; the first
// layer with the input's mean colours; then the layers from the second to the
// last. A layer is what its kind writes, three flags and its gradients and
// output, which are empty once training is over. The published file was written
// by a dlib of 2017, whose kinds (con_4, affine_, fc_2) lack a flag that later
// ones have; both are read.
func CheckNetwork(file []byte) error {
	if len(file) > MaxNetwork {
		return fmt.Errorf("a network of %d bytes: at most %d are read", len(file), MaxNetwork)
	}
	r := &networkReader{reader{rest: file}}
	r.loss()
	if r.broken {
		return fmt.Errorf("%w: it does not begin like one", errNetwork)
	}
	r.layers(networkLayers())
	if r.broken || len(r.rest) != 0 {
		return fmt.Errorf("%w: it is damaged at byte %d of %d", errNetwork, len(file)-len(r.rest), len(file))
	}
	return nil
}

// networkLayer reads what a kind of layer writes. Tags and skips, which name the
// place that a shortcut starts from, write nothing and are nil.
type networkLayer func(*networkReader)

// networkLayers lists the layers of network.hpp, from the picture on.
func networkLayers() []networkLayer {
	relu, add := named("relu_"), named("add_prev_")
	layers := []networkLayer{convolution(32, 3, 7), affine(32), relu, pool("max_pool_2")}
	inputs := int64(32)
	for i, level := range []struct{ outputs, blocks int64 }{{32, 3}, {64, 4}, {128, 3}, {256, 3}, {256, 1}} {
		for block := range level.blocks {
			n := level.outputs
			layers = append(layers, nil, convolution(n, inputs, 3), affine(n), relu, convolution(n, n, 3), affine(n))
			if i > 0 && block == 0 { // halves the picture
				layers = append(layers, nil, nil, pool("avg_pool_2"))
			}
			layers = append(layers, add, relu)
			inputs = n
		}
	}
	return append(layers, pool("avg_pool_2"), connected(Dimensions, inputs))
}

// layers reads all layers and the input. Versions differ in what they have beside
// their kind: the first layer's third one ends with how many samples it makes of
// a picture, the others' second one has a third tensor.
func (r *networkReader) layers(layers []networkLayer) {
	versions := make([]int64, len(layers))
	for i := len(layers) - 1; i > 0; i-- {
		if layers[i] == nil {
			r.want(1)
		} else {
			versions[i] = r.want(1, 2)
		}
	}
	versions[0] = r.want(2, 3)
	r.input()
	layers[0](r)
	r.state(3)
	if versions[0] == 3 {
		r.want(1)
	}
	for i, read := range layers[1:] {
		if read != nil {
			read(r)
			r.state(1 + int(versions[i+1]))
		}
	}
}

func named(kind string) networkLayer {
	return func(r *networkReader) { r.word(kind) }
}

// pool reads the sides of the window, the strides and the padding, which dlib
// compares.
func pool(kind string) networkLayer {
	return func(r *networkReader) {
		r.word(kind)
		r.skip(6)
	}
}

func convolution(outputs, inputs, side int64) networkLayer {
	return func(r *networkReader) {
		kind := r.word("con_4", "con_5")
		r.weights(outputs*inputs*side*side+outputs, 1, 1, 1)
		r.want(outputs)
		r.skip(6) // sides, strides, padding
		r.view(outputs, inputs, side, side)
		r.view(1, outputs, 1, 1)
		r.rates()
		if kind == "con_5" {
			r.flag('1') // it has a bias
		}
	}
}

// affine reads a factor and a summand for each channel, which training made of a
// batch normalisation.
func affine(channels int64) networkLayer {
	return func(r *networkReader) {
		kind := r.word("affine_", "affine_2")
		r.weights(2*channels, 1, 1, 1)
		r.view(1, channels, 1, 1)
		r.view(1, channels, 1, 1)
		r.want(0) // for each channel, not for each value
		if kind == "affine_2" {
			r.flag('0') // it is not disabled
		}
	}
}

// connected reads a fully connected layer without a bias.
func connected(outputs, inputs int64) networkLayer {
	return func(r *networkReader) {
		kind := r.word("fc_2", "fc_3")
		r.want(outputs)
		r.want(inputs)
		r.weights(inputs, outputs, 1, 1)
		r.view(inputs, outputs, 1, 1)
		r.want(1) // the place of a bias
		r.skip(4)
		r.want(1) // there is none
		r.rates()
		if kind == "fc_3" {
			r.flag('0', '1')
		}
	}
}
