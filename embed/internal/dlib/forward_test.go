//go:build dlib

package dlib_test

import (
	"math"

	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
)

// volume is what a layer gives: channels of rows, as many rows as columns.
type volume struct {
	channels, side int
	values         []float64
}

func newVolume(channels, side int) volume {
	return volume{channels, side, make([]float64, channels*side*side)}
}

func (v volume) at(channel, row, column int) *float64 {
	return &v.values[(channel*v.side+row)*v.side+column]
}

// forward runs the network in plain loops, as He et al. 2015 and dlib's
// documentation (dlib/dnn/layers_abstract.h) describe its layers, without dlib.
func forward(n dlibtest.Network, crop []byte) []float64 {
	x := newVolume(3, dlib.Side)
	for i, value := range crop {
		mean := [3]float64{122.782, 117.001, 104.298}[i%3]
		x.values[i%3*dlib.Side*dlib.Side+i/3] = (float64(value) - mean) / 256
	}
	x = largest(rectify(scaled(x, n.Convolutions[0], 2, 0)))
	for i, b := range dlibtest.Blocks() {
		first, second := n.Convolutions[2*i+1], n.Convolutions[2*i+2]
		if b.Halves {
			pair := scaled(rectify(scaled(x, first, 2, 0)), second, 1, 1)
			x = rectify(sum(pair, mean(x)))
		} else {
			pair := scaled(rectify(scaled(x, first, 1, 1)), second, 1, 1)
			x = rectify(sum(pair, x))
		}
	}
	out := make([]float64, dlib.Dimensions)
	for c := range x.channels {
		var total float64
		for _, value := range x.values[c*x.side*x.side : (c+1)*x.side*x.side] {
			total += value
		}
		for i := range out {
			out[i] += total / float64(x.side*x.side) * float64(n.Connected[c*dlib.Dimensions+i])
		}
	}
	return out
}

// scaled is a convolution, padded with zeros, whose outputs have a factor and a
// summand each.
func scaled(x volume, c dlibtest.Convolution, stride, padding int) volume {
	out := newVolume(c.Outputs, (x.side+2*padding-c.Side)/stride+1)
	for o := range c.Outputs {
		for row := range out.side {
			for column := range out.side {
				total := float64(c.Bias[o])
				for i := range c.Inputs {
					total += window(x, c, o, i, row*stride-padding, column*stride-padding)
				}
				*out.at(o, row, column) = total*float64(c.Factor[o]) + float64(c.Summand[o])
			}
		}
	}
	return out
}

func window(x volume, c dlibtest.Convolution, output, input, top, left int) (total float64) {
	for r := max(0, -top); r < min(c.Side, x.side-top); r++ {
		weights := c.Weights[((output*c.Inputs+input)*c.Side+r)*c.Side:]
		values := x.values[(input*x.side+top+r)*x.side:]
		for k := max(0, -left); k < min(c.Side, x.side-left); k++ {
			total += float64(weights[k]) * values[left+k]
		}
	}
	return total
}

func rectify(x volume) volume {
	for i, value := range x.values {
		x.values[i] = max(0, value)
	}
	return x
}

// largest is the greatest of each square of nine, every other row and column.
func largest(x volume) volume {
	out := newVolume(x.channels, (x.side-3)/2+1)
	for i := range out.values {
		c, row, column := i/out.side/out.side, i/out.side%out.side, i%out.side
		out.values[i] = math.Inf(-1)
		for k := range 9 {
			out.values[i] = max(out.values[i], *x.at(c, 2*row+k/3, 2*column+k%3))
		}
	}
	return out
}

// mean is the mean of each square of four; an odd last row and column is not in
// any.
func mean(x volume) volume {
	out := newVolume(x.channels, x.side/2)
	for i := range out.values {
		c, row, column := i/out.side/out.side, i/out.side%out.side, i%out.side
		for k := range 4 {
			out.values[i] += *x.at(c, 2*row+k/2, 2*column+k%2) / 4
		}
	}
	return out
}

// sum adds two volumes, with zeros where one is smaller.
func sum(a, b volume) volume {
	out := newVolume(max(a.channels, b.channels), max(a.side, b.side))
	for _, v := range []volume{a, b} {
		for i, value := range v.values {
			*out.at(i/v.side/v.side, i/v.side%v.side, i%v.side) += value
		}
	}
	return out
}
