package cv

// #include <malloc.h>
import "C"

import "runtime"

// keepFreed lets the C library keep what libjpeg frees for the next photograph.
// While it decodes a progressive JPEG, libjpeg holds all coefficients, 3 to 6 MB
// for a megapixel, and so much fresh memory for each photograph costs page
// faults: a fifth of the time in a virtual machine.
//
// glibc gives back what is free at the end of a heap from M_TRIM_THRESHOLD on,
// and at once what is M_MMAP_THRESHOLD or more in one piece. It raises both by
// itself, to the largest piece freed so far and to twice that (mallopt(3),
// M_MMAP_THRESHOLD), at most to these values: it comes to them after a single
// picture of 32 MiB. Coefficients lie in three pieces, which together are more
// than twice the largest, so that without it each photograph would give them
// back. A heap keeps no more than it did after such a picture; without a limit
// there are up to eight for each processor (M_ARENA_MAX), one is enough.
func keepFreed() {
	const mib = 1 << 20
	C.mallopt(C.M_ARENA_MAX, C.int(runtime.GOMAXPROCS(0)))
	C.mallopt(C.M_MMAP_THRESHOLD, 32*mib)
	C.mallopt(C.M_TRIM_THRESHOLD, 64*mib)
}
