//go:build !dlib

package detect

import "github.com/visagedb/visage/internal/face"

// WithDlib says whether this program was built with dlib.
const WithDlib = false

// OpenDlib says that dlib's detector is not in this program: dlib is left out
// unless the program is built with the tag dlib. The error is
// face.Unavailable.
func OpenDlib(string, Options) (Detector, error) {
	return nil, face.Errorf(face.Unavailable, "this program was built without dlib: run `scripts/setup.sh dlib` and `make build DLIB=1`")
}
