package kernel

// Group is how many codes of bits lie interleaved: word 0 of eight codes, then word 1
// of the same eight, and so on. One register then holds a word of each, and their
// distances come out side by side.
const Group = 8

// Step is of how many components a code of bytes is a multiple.
const Step = 64

// MostProbe is the largest absolute value of a probe's components in Dot: with
// components of a code up to 127 and 16,384 of them, the product stays below 2^31.
const MostProbe = 1_023

// Kernel computes distances. Make one with Plain or Best.
type Kernel struct {
	name    string
	hamming func(dist *uint16, near *uint8, codes, probe *uint64, words, groups, limit uint64)
	dot     func(code *int8, probe *int16, steps uint64) int32
}

// Name says which instructions the kernel is written in, such as "avx512".
func (k Kernel) Name() string { return k.name }

// Hamming writes to dist how many bits of each code differ from the probe's, and sets
// those bits of near, the lowest for the first code, whose distance is below the limit.
// The probe has a power of two of words, at most 256; codes holds len(dist) codes of as
// many words in groups, near len(dist)/Group bytes; len(dist) is a multiple of Group.
func (k Kernel) Hamming(dist []uint16, near []uint8, codes, probe []uint64, limit uint64) {
	groups := len(dist) / Group
	if groups == 0 {
		return
	}
	_, _ = near[groups-1], codes[len(dist)*len(probe)-1]
	k.hamming(&dist[0], &near[0], &codes[0], &probe[0], uint64(len(probe)), uint64(groups), limit)
}

// Dot is the scalar product of a code and a probe of as many components, a multiple of
// Step and at most 16,384. The code's are from -127 to 127, the probe's from -MostProbe
// to MostProbe.
func (k Kernel) Dot(code []int8, probe []int16) int32 {
	_ = probe[len(code)-1]
	return k.dot(&code[0], &probe[0], uint64(len(code)/Step))
}

// Best is the fastest kernel that this processor runs.
func Best() Kernel { return All()[0] }
