package kernel

import "golang.org/x/sys/cpu"

// All returns the kernels that this processor runs, the fastest first.
func All() []Kernel {
	var all []Kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VPOPCNTDQ {
		all = append(all, Kernel{name: "avx512", hamming: hammingAVX512, dot: dotAVX512})
	}
	if cpu.X86.HasAVX2 {
		all = append(all, Kernel{name: "avx2", hamming: hammingAVX2, dot: dotAVX2})
	}
	return append(all, Plain())
}
