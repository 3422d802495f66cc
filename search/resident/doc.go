// Package resident finds the templates nearest to a probe in memory: it keeps codes of
// all templates of a space, compares every one of them, and leaves the last few dozen
// to be ranked exactly by the store that they are a copy of. Unlike a graph it passes
// nobody by, and unlike an exact search it reads 64 bytes a template instead of 2,048.
//
// A template's direction, less a mean where components are never negative, is turned by
// a seeded random rotation (rotation.go). Kept are the signs of its components (bits:
// sign random projections, Charikar 2002, with the rotation of RaBitQ, Gao and Long
// 2024) and the components in steps of one 127th of the largest (bytes: scalar
// quantisation). A search goes three ways down:
//
//  1. The bits of all templates are compared with the probe's, in blocks that stay in
//     the cache, on all processors, and by one pass for all searches that are made at
//     the same time (scan.go, line.go). A histogram tells the best few thousand; nothing
//     is sorted (collector.go). Filters hold from here on.
//  2. These are compared in bytes (compare.go), which leaves a few dozen.
//  3. Their exact distances, whether they are still there, and their names come from
//     the store (Gallery).
//
// The parts of a template lie in columns of chunks (chunk.go). A chunk has one lock,
// which a search holds for the tens of microseconds that it reads the bits of the chunk,
// and a writer for the time of writing one row; so both go on side by side. Save writes
// chunks to a file as they lie in memory, and Open maps it (file.go, open.go).
package resident
