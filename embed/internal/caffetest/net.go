// Package caffetest writes a small Caffe network for tests, so that no binary
// file has to be kept: the protocol buffers of BVLC/caffe,
// src/caffe/proto/caffe.proto, as far as that network needs them.
package caffetest

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Row is one value of the answer: weights of the means of the input's three
// channels, and what is added to them.
type Row struct {
	Weights [3]float32
	Bias    float32
}

// Net is a network that averages each channel of an input of 1 x 3 x side x
// side and answers 1 x 1 x n x columns values made of the three means. The
// number of rows must be a multiple of columns.
func Net(side, columns int, rows []Row) (description, weights []byte) {
	description = fmt.Appendf(nil, `name: "test"
input: "data"
input_shape { dim: 1 dim: 3 dim: %d dim: %d }
layer { name: "mean" type: "Pooling" bottom: "data" top: "mean"
  pooling_param { pool: AVE global_pooling: true } }
layer { name: "rows" type: "Convolution" bottom: "mean" top: "rows"
  convolution_param { num_output: %d kernel_size: 1 } }
layer { name: "answer" type: "Reshape" bottom: "rows" top: "answer"
  reshape_param { shape { dim: 1 dim: 1 dim: %d dim: %d } } }
`, side, side, len(rows), len(rows)/columns, columns)
	var factors, biases []float32
	for _, r := range rows {
		factors, biases = append(factors, r.Weights[:]...), append(biases, r.Bias)
	}
	layer := message(message(nil, 1, []byte("rows")), 2, []byte("Convolution"))
	layer = message(layer, 7, blob(factors, len(rows), 3, 1, 1))
	layer = message(layer, 7, blob(biases, len(rows)))
	return description, message(message(nil, 1, []byte("test")), 100, layer)
}

// blob is a BlobProto.
func blob(values []float32, shape ...int) []byte {
	var dims, data []byte
	for _, n := range shape {
		dims = protowire.AppendVarint(dims, uint64(n))
	}
	for _, v := range values {
		data = protowire.AppendFixed32(data, math.Float32bits(v))
	}
	return message(message(nil, 5, data), 7, message(nil, 1, dims))
}

func message(b []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), inner)
}
