#ifndef VISAGE_FAST_H
#define VISAGE_FAST_H

#include <cstddef> // names the C library

// FAST makes a function twice for x86-64, of which the C library takes the one that the
// processor bears, and lets the compiler do several numbers at a time.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FAST __attribute__((target_clones("avx2", "default"), optimize("O3")))
#elif defined(__GNUC__) && !defined(__clang__)
#define FAST __attribute__((optimize("O3")))
#else
#define FAST
#endif

#endif
