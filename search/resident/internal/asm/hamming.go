package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const hammingSignature = "func(dist *uint16, near *uint8, codes, probe *uint64, words, groups, limit uint64)"

// hamming has the registers of the arguments that both versions take.
type hamming struct{ dist, near, codes, probe, words, groups Register }

func hammingArguments() hamming {
	return hamming{
		dist: Load(Param("dist"), GP64()), near: Load(Param("near"), GP64()),
		codes: Load(Param("codes"), GP64()), probe: Load(Param("probe"), GP64()),
		words: Load(Param("words"), GP64()), groups: Load(Param("groups"), GP64()),
	}
}

// next moves on by one group, whose codes were passed already.
func (h hamming) next() {
	ADDQ(Imm(2*group), h.dist)
	INCQ(h.near)
}

// hammingAVX512 counts with VPOPCNTQ: a register holds one word of eight codes, so
// that their sums come out side by side.
func hammingAVX512() {
	begin("hammingAVX512", hammingSignature, "AVX-512F, DQ and VPOPCNTDQ")
	h := hammingArguments()
	limit := ZMM()
	at := Load(Param("limit"), GP64())
	VPBROADCASTQ(at, limit)
	sum, word, counter, mask := ZMM(), ZMM(), GP64(), GP32()
	probe, less := GP64(), K()
	step := func(i int) {
		VMOVDQU64(Mem{Base: h.codes, Disp: 64 * i}, word)
		VPXORQ_BCST(Mem{Base: probe, Disp: 8 * i}, word, word)
		VPOPCNTQ(word, word)
		VPADDQ(word, sum, sum)
	}
	walk := func(name string, unrolled int) {
		each(name, counter, func() {
			for i := range unrolled {
				step(i)
			}
			ADDQ(U32(64*unrolled), h.codes)
			ADDQ(U32(8*unrolled), probe)
		})
	}
	each("groups512", h.groups, func() {
		VPXORQ(sum, sum, sum)
		MOVQ(h.probe, probe)
		MOVQ(h.words, counter)
		TESTQ(U32(7), counter)
		JNZ(LabelRef("single512"))
		SHRQ(Imm(3), counter)
		walk("eight512", 8)
		JMP(LabelRef("summed512"))
		walk("single512", 1)
		Label("summed512")
		VPMOVQW(sum, Mem{Base: h.dist})
		VPCMPUQ(Imm(1), limit, sum, less) // sum < limit
		KMOVB(less, mask)
		MOVB(mask.As8(), Mem{Base: h.near})
		h.next()
	})
	VZEROUPPER()
	RET()
}

// hammingAVX2 counts the bits of each half byte by looking them up (Mula's method, as
// in Mula, Kurz and Lemire, Faster Population Counts Using AVX2 Instructions, 2018).
// Counts of bytes are added up for at most 16 words, 128 in all, before VPSADBW makes
// them sums of a code. Their carry-save adder (Harley and Seal) saves lookups where
// many words become one count; here a count has few.
func hammingAVX2() {
	counts := GLOBL("halfByteCounts", RODATA|NOPTR)
	for i := range 32 {
		n := i % 16
		DATA(i, U8(n&1+n>>1&1+n>>2&1+n>>3&1))
	}
	begin("hammingAVX2", hammingSignature, "AVX2")
	h := hammingArguments()
	table, low, limit, zero := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(counts, table)
	constant(low, 0x0f0f0f0f0f0f0f0f)
	VMOVQ(Load(Param("limit"), GP64()), limit.AsX())
	VPBROADCASTQ(limit.AsX(), limit)
	VPXOR(zero, zero, zero)
	sums := [2]VecVirtual{YMM(), YMM()}
	bytes := [2]VecVirtual{YMM(), YMM()}
	probe, chunks, counter := GP64(), GP64(), GP64()
	each("groups2", h.groups, func() {
		clearAll(sums[:])
		MOVQ(h.probe, probe)
		MOVQ(h.words, chunks) // a power of two: chunks of 16 words, or one of fewer
		SHRQ(Imm(4), chunks)
		JNZ(LabelRef("chunks2"))
		INCQ(chunks)
		each("chunks2", chunks, func() {
			MOVQ(h.words, counter)
			CMPQ(counter, Imm(16))
			JLE(LabelRef("few2"))
			MOVQ(U32(16), counter)
			Label("few2")
			clearAll(bytes[:])
			each("words2", counter, func() {
				want := YMM()
				VPBROADCASTQ(Mem{Base: probe}, want)
				for half, acc := range bytes {
					countBytes(Mem{Base: h.codes, Disp: 32 * half}, want, table, low, acc)
				}
				ADDQ(Imm(64), h.codes)
				ADDQ(Imm(8), probe)
			})
			for half, acc := range bytes {
				VPSADBW(zero, acc, acc)
				VPADDQ(acc, sums[half], sums[half])
			}
		})
		h.storeAVX2(sums, limit)
		h.next()
	})
	VZEROUPPER()
	RET()
}

// countBytes adds to acc, byte by byte, how many bits of four words differ.
func countBytes(codes Mem, want, table, low, acc VecVirtual) {
	word, high := YMM(), YMM()
	VPXOR(codes, want, word)
	VPSRLW(Imm(4), word, high)
	VPAND(low, word, word)
	VPAND(low, high, high)
	VPSHUFB(word, table, word)
	VPSHUFB(high, table, high)
	VPADDB(word, acc, acc)
	VPADDB(high, acc, acc)
}

// storeAVX2 writes the eight sums and which of them are below the limit.
func (h hamming) storeAVX2(sums [2]VecVirtual, limit VecVirtual) {
	less, first, second := YMM(), GP32(), GP32()
	VPCMPGTQ(sums[0], limit, less)
	VMOVMSKPD(less, first)
	VPCMPGTQ(sums[1], limit, less)
	VMOVMSKPD(less, second)
	SHLL(Imm(4), second)
	ORL(second, first)
	MOVB(first.As8(), Mem{Base: h.near})
	packed, high := YMM(), XMM() // a0 0 a1 0 b0 0 b1 0 | a2 0 a3 0 b2 0 b3 0, then without zeros
	VPACKUSDW(sums[1], sums[0], packed)
	VPACKUSDW(packed, packed, packed)
	VEXTRACTI128(Imm(1), packed, high)
	VPUNPCKLDQ(high, packed.AsX(), packed.AsX())
	VMOVDQU(packed.AsX(), Mem{Base: h.dist})
}

func constant(into VecVirtual, v uint64) {
	r := GP64()
	MOVQ(U64(v), r)
	VMOVQ(r, into.AsX())
	VPBROADCASTQ(into.AsX(), into)
}

func clearAll(registers []VecVirtual) {
	for _, r := range registers {
		VPXOR(r, r, r)
	}
}
