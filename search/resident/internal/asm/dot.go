package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const dotSignature = "func(code *int8, probe *int16, steps uint64) int32"

// dotAVX512 takes 64 components a step: they are widened to 16 bits, multiplied, and
// pairs of products added to 16 sums of 32 bits.
func dotAVX512() {
	begin("dotAVX512", dotSignature, "AVX-512F and BW")
	accs := [2]VecVirtual{ZMM(), ZMM()}
	for _, acc := range accs {
		VPXORQ(acc, acc, acc)
	}
	dotLoop("steps512", accs[:], ZMM, 32)
	VPADDD(accs[1], accs[0], accs[0])
	half := YMM()
	VEXTRACTI64X4(Imm(1), accs[0], half)
	VPADDD(accs[0].AsY(), half, half)
	sums(half)
	VZEROUPPER()
	RET()
}

// dotAVX2 is the same with registers of half the size, twice as many.
func dotAVX2() {
	begin("dotAVX2", dotSignature, "AVX2")
	accs := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	clearAll(accs[:])
	dotLoop("steps2", accs[:], YMM, 16)
	VPADDD(accs[1], accs[0], accs[0])
	VPADDD(accs[3], accs[2], accs[2])
	VPADDD(accs[2], accs[0], accs[0])
	sums(accs[0])
	VZEROUPPER()
	RET()
}

// dotLoop adds into each accumulator a part of so many components of every step.
func dotLoop(name string, accs []VecVirtual, register func() VecVirtual, part int) {
	code, probe := Load(Param("code"), GP64()), Load(Param("probe"), GP64())
	each(name, Load(Param("steps"), GP64()), func() {
		for i, acc := range accs {
			wide := register()
			VPMOVSXBW(Mem{Base: code, Disp: part * i}, wide)
			VPMADDWD(Mem{Base: probe, Disp: 2 * part * i}, wide, wide)
			VPADDD(wide, acc, acc)
		}
		ADDQ(Imm(64), code)
		ADDQ(U32(128), probe)
	})
}
