//go:build dlib

package dlibtest

// #cgo CXXFLAGS: -std=c++17 -O1
// #cgo LDFLAGS: -ldlib -l:liblapack.so.3 -l:libblas.so.3
// #include <stdlib.h>
// #include "resave.h"
import "C"

import "unsafe"

// Resave lets dlib read a network and write it, in its current format. It
// returns nil where dlib refuses the network.
func Resave(file []byte) []byte {
	var size C.size_t
	bytes := C.visage_dlibtest_resave((*C.uchar)(unsafe.SliceData(file)), C.size_t(len(file)), &size)
	defer C.free(unsafe.Pointer(bytes))
	return C.GoBytes(unsafe.Pointer(bytes), C.int(size))
}
