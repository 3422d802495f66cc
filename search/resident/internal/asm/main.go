// Command asm writes the assembly of package kernel with mmcloughlin/avo. It is a
// module of its own, so that avo is no dependency of the product:
//
//	go generate ./search/resident/internal/kernel
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	hammingAVX512()
	hammingAVX2()
	dotAVX512()
	dotAVX2()
	Generate()
}

// begin opens a function whose arguments are used while it runs only.
func begin(name, signature, needs string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + " needs a processor that has " + needs + ".")
}

// group is how many codes lie interleaved, word by word.
const group = 8

// sums takes the four-byte sums of a register of 32 bytes to one result.
func sums(acc VecVirtual) {
	low, high := XMM(), XMM()
	VEXTRACTI128(Imm(1), acc, high)
	VPADDD(acc.AsX(), high, low)
	VPSHUFD(Imm(0b01_00_11_10), low, high)
	VPADDD(high, low, low)
	VPSHUFD(Imm(0b10_11_00_01), low, high)
	VPADDD(high, low, low)
	out := GP32()
	VMOVD(low, out)
	Store(out, ReturnIndex(0))
}

// each runs body as often as count says, which is at least 1 and is counted down.
func each(name string, count Register, body func()) {
	Label(name)
	body()
	DECQ(count)
	JNZ(LabelRef(name))
}
