package kernel

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every kernel gives the plain one's numbers, and those that a count by hand gives.
func TestHamming(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, words := range []int{1, 2, 4, 8, 16, 32, 64, 256} {
		for _, groups := range []int{1, 2, 7, 32} {
			rows := groups * Group
			codes, probe := words64(r, rows*words), words64(r, words)
			copyRow(codes, probe, 3) // distance 0
			for w := range words {   // all bits differ
				codes[w*Group+5] = ^probe[w]
			}
			for _, limit := range []uint64{0, 1, uint64(32 * words), uint64(64 * words), 1 << 16} {
				dist, near := make([]uint16, rows), make([]uint8, groups)
				Plain().Hamming(dist, near, codes, probe, limit)
				if dist[3] != 0 || dist[5] != uint16(64*words) || near[0]>>3&1 == 1 != (limit > 0) || near[0]>>5&1 == 1 != (limit > uint64(64*words)) {
					t.Fatalf("%d words, limit %d: %d and %d, %08b", words, limit, dist[3], dist[5], near[0])
				}
				for _, k := range All() {
					got, gotNear := make([]uint16, rows), make([]uint8, groups)
					k.Hamming(got, gotNear, codes, probe, limit)
					if !slices.Equal(got, dist) || !bytes.Equal(gotNear, near) {
						t.Errorf("%s, %d words, %d rows, limit %d: %v %v, want %v %v", k.Name(), words, rows, limit, got, gotNear, dist, near)
					}
				}
			}
		}
	}
}

func copyRow(codes, probe []uint64, row int) {
	for w, p := range probe {
		codes[w*Group+row] = p
	}
}

func words64(r *rand.Rand, n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = r.Uint64()
	}
	return all
}

func TestDot(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{64, 128, 192, 512, 4_096, 16_384} {
		code, probe := make([]int8, size), make([]int16, size)
		for name, fill := range map[string]func(i int){
			"random":   func(i int) { code[i], probe[i] = int8(r.IntN(255)-127), int16(r.IntN(2*MostProbe+1)-MostProbe) },
			"largest":  func(i int) { code[i], probe[i] = 127, MostProbe },
			"smallest": func(i int) { code[i], probe[i] = -127, MostProbe },
			"one each": func(i int) { code[i], probe[i] = int8(i%7), int16(i%11) },
		} {
			want := int64(0)
			for i := range code {
				fill(i)
				want += int64(code[i]) * int64(probe[i])
			}
			for _, k := range All() {
				if got := k.Dot(code, probe); int64(got) != want {
					t.Errorf("%s, %d components, %s: %d, want %d", k.Name(), size, name, got, want)
				}
			}
		}
	}
}

// read is the plain pass that scans are held against: it adds up all words.
func read(all []uint64) uint64 {
	var a, b, c, d uint64 // in registers
	for ; len(all) >= 8; all = all[8:] {
		a += all[0] + all[4]
		b += all[1] + all[5]
		c += all[2] + all[6]
		d += all[3] + all[7]
	}
	return a + b + c + d
}

func BenchmarkRead(b *testing.B) {
	all := words64(rand.New(rand.NewPCG(5, 6)), benchBytes/8)
	b.SetBytes(benchBytes)
	for b.Loop() {
		read(all)
	}
}

// benchBytes is more than the caches hold.
const benchBytes = 256 << 20

func BenchmarkHamming(b *testing.B) {
	const words = 8
	codes, probe := words64(rand.New(rand.NewPCG(5, 6)), benchBytes/8), make([]uint64, words)
	rows := len(codes) / words
	const block = 2_048
	for _, k := range All() {
		b.Run(k.Name(), func(b *testing.B) {
			b.SetBytes(benchBytes)
			dist, near := make([]uint16, block), make([]uint8, block/Group)
			for b.Loop() {
				for from := 0; from < rows; from += block {
					k.Hamming(dist, near, codes[from*words:(from+block)*words], probe, 200)
				}
			}
		})
	}
}

func BenchmarkDot(b *testing.B) {
	const size = 512
	codes, probe := make([]int8, benchBytes), make([]int16, size)
	for i := range codes {
		codes[i] = int8(i)
	}
	for _, k := range All() {
		b.Run(k.Name(), func(b *testing.B) {
			b.SetBytes(benchBytes)
			for b.Loop() {
				for from := 0; from < benchBytes; from += size {
					k.Dot(codes[from:from+size], probe)
				}
			}
		})
	}
}
