package kernel

import (
	"math/bits"
	"unsafe"
)

// Plain is the kernel in Go.
func Plain() Kernel {
	return Kernel{name: "go", hamming: hammingPlain, dot: dotPlain}
}

func hammingPlain(distances *uint16, nears *uint8, codes, probe *uint64, words, groups, limit uint64) {
	dist, near := unsafe.Slice(distances, groups*Group), unsafe.Slice(nears, groups)
	want, all := unsafe.Slice(probe, words), unsafe.Slice(codes, words*groups*Group)
	for g := range near {
		var sums [Group]uint64
		for w, p := range want {
			row := all[(g*len(want)+w)*Group:][:Group]
			for i, code := range row {
				sums[i] += uint64(bits.OnesCount64(code ^ p))
			}
		}
		near[g] = 0
		for i, sum := range sums {
			dist[g*Group+i] = uint16(sum)
			if sum < limit {
				near[g] |= 1 << i
			}
		}
	}
}

func dotPlain(code *int8, probe *int16, steps uint64) int32 {
	a, b := unsafe.Slice(code, steps*Step), unsafe.Slice(probe, steps*Step)
	var sum int32
	for i, x := range a {
		sum += int32(x) * int32(b[i])
	}
	return sum
}
