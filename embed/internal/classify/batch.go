package classify

import (
	"context"
	"slices"
)

// Batch is the numbers of pictures for a network, in memory that is used again: new
// memory costs more than to fill it.
type Batch struct {
	network *Network
	numbers *[]float32
}

// Batch makes room for so many pictures. The caller frees it.
func (n *Network) Batch(pictures int) Batch {
	numbers, ok := n.buffers.Get().(*[]float32)
	if !ok {
		numbers = new([]float32)
	}
	all := pictures * n.Numbers()
	*numbers = slices.Grow((*numbers)[:0], all)[:all]
	return Batch{n, numbers}
}

// Picture is where all numbers of a picture are to be written.
func (b Batch) Picture(i int) []float32 {
	each := b.network.Numbers()
	return (*b.numbers)[i*each : (i+1)*each]
}

// Run says of the pictures the values of each output: by outputs in their order, and then
// by pictures.
func (b Batch) Run(ctx context.Context) ([][][]float32, error) {
	n := b.network
	said := make([][][]float32, len(n.config.Outputs))
	for some := range slices.Chunk(*b.numbers, n.most*n.Numbers()) {
		values, err := n.run(ctx, len(some)/n.Numbers(), some)
		if err != nil {
			return nil, err
		}
		for o := range said {
			said[o] = append(said[o], values[o]...)
		}
	}
	return said, nil
}

// Free gives the memory back. The Batch must not be used then.
func (b Batch) Free() { b.network.buffers.Put(b.numbers) }
