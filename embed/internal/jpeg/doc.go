// Package jpeg reads the coefficients of progressive JPEGs (ITU-T T.81, annex G), which
// libjpeg-turbo does at a fifth of the speed at which it reads baseline ones. What it
// gains it owes to a set of bits for each block, which says where coefficients are that
// are not zero, so that a refinement visits those alone, and to reading all scans side by side.
//
// It takes whole, well-formed pictures only, and says of all others, the unusual as well
// as the damaged, that they are not for it (ErrOther). They are libjpeg-turbo's, which knows
// what to make of each.
package jpeg

import "errors"

// ErrOther is returned for what is not a whole, well-formed, progressive JPEG of one
// component or three.
var ErrOther = errors.New("not a picture for this package")

// Block is the coefficients of 8x8 samples, in rows from the mean (DC) on.
type Block [64]int16

// natural is where in a Block the coefficients are that follow each other in a scan
// (T.81, figure A.6).
var natural = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// The markers that matter here (T.81, table B.1).
const (
	markerSOF2  = 0xc2
	markerDHT   = 0xc4
	markerRST0  = 0xd0
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP14 = 0xee
	markerAPP15 = 0xef
	markerCOM   = 0xfe
)
