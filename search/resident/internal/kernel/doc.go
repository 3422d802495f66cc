// Package kernel has the two inner loops of a search over codes: Hamming distances of
// many codes of bits, and the scalar product of one code of bytes. A Kernel is a pair
// of them; Plain is written in Go and runs everywhere, Best is the fastest that this
// processor runs. All of them give the same numbers, bit for bit.
//
// The assembly is written by the module in ../asm.
package kernel

//go:generate env -C ../asm go run . -pkg kernel -out ../kernel/kernel_amd64.s -stubs ../kernel/kernel_amd64.go
