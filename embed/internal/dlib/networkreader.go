package dlib

import (
	"encoding/binary"
	"slices"
)

// networkReader reads the parts of a network.
type networkReader struct{ reader }

// word reads a string that is one of those named.
func (r *networkReader) word(names ...string) string {
	n := r.count()
	if r.broken || !slices.Contains(names, string(r.rest[:n])) {
		r.broken = true
		return ""
	}
	word := string(r.rest[:n])
	r.rest = r.rest[n:]
	return word
}

// want reads an integer that must be one of those given.
func (r *networkReader) want(values ...int64) int64 {
	value := r.signed(8)
	r.broken = r.broken || !slices.Contains(values, value)
	return value
}

// skip reads integers that dlib compares itself.
func (r *networkReader) skip(n int) {
	for range n {
		r.signed(8)
	}
}

// flag reads a character that is one of those given.
func (r *networkReader) flag(values ...byte) {
	if r.broken || len(r.rest) == 0 || !slices.Contains(values, r.rest[0]) {
		r.broken = true
		return
	}
	r.rest = r.rest[1:]
}

// loss reads what training compared the vectors with.
func (r *networkReader) loss() {
	r.want(1)
	if r.word("loss_metric_", "loss_metric_2") == "loss_metric_2" {
		r.float()
		r.float()
	}
}

// input reads the mean colours and the side of a picture.
func (r *networkReader) input() {
	r.word("input_rgb_image_sized")
	r.float()
	r.float()
	r.float()
	r.want(Side)
	r.want(Side)
}

// rates reads how fast training changed a layer.
func (r *networkReader) rates() {
	for range 4 {
		r.float()
	}
}

// state reads what is around every layer: whether it has its weights, whether
// its gradient is stale and its output hidden by the next layer; two or three
// tensors.
func (r *networkReader) state(tensors int) {
	r.flag('1')
	r.flag('0', '1')
	r.flag('0', '1')
	for range tensors {
		r.tensor()
	}
}

// view reads where in the weights a part of them lies.
func (r *networkReader) view(shape ...int64) {
	r.want(1)
	for _, n := range shape {
		r.want(n)
	}
}

// weights reads a tensor of that shape, all of whose values are finite.
func (r *networkReader) weights(shape ...int64) {
	got, values := r.tensor()
	r.broken = r.broken || !slices.Equal(got, shape)
	for ; len(values) > 0; values = values[4:] {
		const exponent = 0x7f800000 // all ones where the value is infinite or no number
		r.broken = r.broken || binary.LittleEndian.Uint32(values)&exponent == exponent
	}
}

// tensor reads four sizes and as many values as they make, four bytes each.
func (r *networkReader) tensor() (shape []int64, values []byte) {
	r.want(2)
	size := int64(4)
	for range 4 {
		n := r.signed(8)
		if n < 0 || n > int64(len(r.rest)) { // each has at most 2^25, so that their product has no overflow
			r.broken = true
		}
		if size *= n; r.broken || size > int64(len(r.rest)) {
			r.broken = true
			return nil, nil
		}
		shape = append(shape, n)
	}
	values, r.rest = r.rest[:size], r.rest[size:]
	return shape, values
}
