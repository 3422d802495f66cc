package dlibtest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Network has the weights of dlib's face recognition network.
type Network struct {
	Convolutions []Convolution // 29, from the picture on
	Connected    []float32     // 256 rows of 128: what each input adds to each output
}

// Convolution is a convolution and the scaling of its outputs.
type Convolution struct {
	Outputs, Inputs, Side int
	Weights               []float32 // for each output, input, row and column
	Bias                  []float32 // for each output, likewise the next two
	Factor, Summand       []float32 // of the scaling
}

// Blocks lists the inputs and outputs of the network's pairs of convolutions.
// Those where Halves is true have half the width and height.
func Blocks() []Block {
	blocks := make([]Block, 0, 14)
	inputs := 32
	for _, b := range []struct{ outputs, same, halving int }{{32, 3, 0}, {64, 3, 1}, {128, 2, 1}, {256, 2, 1}, {256, 0, 1}} {
		for i := range b.halving + b.same {
			blocks = append(blocks, Block{inputs, b.outputs, i < b.halving})
			inputs = b.outputs
		}
	}
	return blocks
}

// Block is a pair of convolutions and the shortcut around them.
type Block struct {
	Inputs, Outputs int
	Halves          bool
}

// RandomNetwork returns a network of random weights, whose outputs are neither
// tiny nor huge.
func RandomNetwork(seed uint64) Network {
	r := rand.New(rand.NewPCG(seed, 0))
	n := Network{Convolutions: []Convolution{convolution(r, 32, 3, 7)}}
	for _, b := range Blocks() {
		n.Convolutions = append(n.Convolutions, convolution(r, b.Outputs, b.Inputs, 3), convolution(r, b.Outputs, b.Outputs, 3))
	}
	n.Connected = normal(r, 256*128, 0, 0.05)
	return n
}

func convolution(r *rand.Rand, outputs, inputs, side int) Convolution {
	n := inputs * side * side
	return Convolution{
		Outputs: outputs, Inputs: inputs, Side: side,
		Weights: normal(r, outputs*n, 0, 1/math.Sqrt(float64(n))), Bias: normal(r, outputs, 0, 0.1),
		Factor: normal(r, outputs, 1, 0.2), Summand: normal(r, outputs, 0, 0.1),
	}
}

func normal(r *rand.Rand, n int, mean, deviation float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(mean + deviation*r.NormFloat64())
	}
	return values
}

// Format is how a network's file is written.
type Format struct {
	Convolution, Affine, Connected string // the kinds' names
	flag                           bool   // each of them has one
}

// Published is the format of dlib_face_recognition_resnet_model_v1.dat, known
// from the number of its bytes. No other of dlib's formats makes as many.
func Published() Format { return Format{"con_4", "affine_", "fc_2", false} }

// Current is the format of dlib 19.24.
func Current() Format { return Format{"con_5", "affine_2", "fc_3", true} }

// File returns the network in dlib's file format.
func (n Network) File(f Format) []byte {
	layers := n.layers(f)
	b := make(writer, 0, 23<<20)
	b.integer(1)
	b.text("loss_metric_2")
	b.real(float64(float32(0.04)), single) // margin, least distance of two persons
	b.real(float64(float32(0.6)), single)
	for i := len(layers) - 1; i >= 0; i-- {
		switch {
		case i == 0:
			b.integer(3)
		case layers[i].write == nil: // a tag or skip
			b.integer(1)
		default:
			b.integer(2)
		}
	}
	b.text("input_rgb_image_sized")
	for _, mean := range []float32{122.782, 117.001, 104.298} {
		b.real(float64(mean), single)
	}
	b.integers(150, 150)
	for i, layer := range layers {
		if layer.write == nil {
			continue
		}
		layer.write(&b)
		hidden := i+1 < len(layers) && layers[i+1].inPlace
		b.flags(true, true, hidden)
		for range 3 {
			b.integers(2, 0, 0, 0, 0)
		}
		if i == 0 {
			b.integer(1)
		}
	}
	return b
}

type layer struct {
	write   func(*writer)
	inPlace bool // it changes the output of the layer before it
}

func (n Network) layers(f Format) []layer {
	relu, add, tag := named("relu_", true), named("add_prev_", false), layer{}
	scaled := func(c Convolution, stride, padding int64) []layer {
		return []layer{c.layer(f, stride, padding), c.affine(f)}
	}
	layers := append(scaled(n.Convolutions[0], 2, 0), relu, pool("max_pool_2", 3, 2))
	for i, b := range Blocks() {
		stride, padding := int64(1), int64(1)
		if b.Halves {
			stride, padding = 2, 0
		}
		layers = append(layers, tag)
		layers = append(layers, scaled(n.Convolutions[2*i+1], stride, padding)...)
		layers = append(layers, relu)
		layers = append(layers, scaled(n.Convolutions[2*i+2], 1, 1)...)
		if b.Halves {
			layers = append(layers, tag, tag, pool("avg_pool_2", 2, 2))
		}
		layers = append(layers, add, relu)
	}
	return append(layers, pool("avg_pool_2", 0, 1), n.connected(f))
}

func named(kind string, inPlace bool) layer {
	return layer{func(b *writer) { b.text(kind) }, inPlace}
}

func pool(kind string, side, stride int64) layer {
	return layer{func(b *writer) {
		b.text(kind)
		b.integers(side, side, stride, stride, 0, 0)
	}, false}
}

func (c Convolution) layer(f Format, stride, padding int64) layer {
	outputs, inputs, side := int64(c.Outputs), int64(c.Inputs), int64(c.Side)
	return layer{func(b *writer) {
		b.text(f.Convolution)
		b.tensor([4]int64{int64(len(c.Weights) + len(c.Bias)), 1, 1, 1}, c.Weights, c.Bias)
		b.integers(outputs, side, side, stride, stride, padding, padding)
		b.integers(1, outputs, inputs, side, side)
		b.integers(1, 1, outputs, 1, 1)
		b.rates()
		if f.flag {
			b.flags(true)
		}
	}, false}
}

func (c Convolution) affine(f Format) layer {
	outputs := int64(c.Outputs)
	return layer{func(b *writer) {
		b.text(f.Affine)
		b.tensor([4]int64{2 * outputs, 1, 1, 1}, c.Factor, c.Summand)
		b.integers(1, 1, outputs, 1, 1)
		b.integers(1, 1, outputs, 1, 1)
		b.integer(0) // one factor for each channel
		if f.flag {
			b.flags(false)
		}
	}, true}
}

func (n Network) connected(f Format) layer {
	return layer{func(b *writer) {
		b.text(f.Connected)
		b.integers(128, 256)
		b.tensor([4]int64{256, 128, 1, 1}, n.Connected)
		b.integers(1, 256, 128, 1, 1)
		b.integers(1, 0, 0, 0, 0)
		b.integer(1) // no bias
		b.rates()
		if f.flag {
			b.flags(true)
		}
	}, false}
}

func (b *writer) integers(values ...int64) {
	for _, v := range values {
		b.integer(v)
	}
}

func (b *writer) text(s string) {
	b.counts(uint64(len(s)))
	*b = append(*b, s...)
}

func (b *writer) flags(values ...bool) {
	for _, v := range values {
		if v {
			*b = append(*b, '1')
		} else {
			*b = append(*b, '0')
		}
	}
}

// rates writes those of a layer as dlib makes it: of its weights and of its
// bias, which training does not make smaller.
func (b *writer) rates() {
	for _, v := range []float64{1, 1, 1, 0} {
		b.real(v, double)
	}
}

func (b *writer) tensor(shape [4]int64, parts ...[]float32) {
	b.integer(2)
	b.integers(shape[:]...)
	for _, values := range parts {
		for _, v := range values {
			*b = binary.LittleEndian.AppendUint32(*b, math.Float32bits(v))
		}
	}
}
