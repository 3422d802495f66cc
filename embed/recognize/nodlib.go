//go:build !dlib

package recognize

import "github.com/visagedb/visage/internal/face"

// OpenDlib says that dlib's network is not in this program: dlib is left out
// unless the program is built with the tag dlib. The error is face.Unavailable.
func OpenDlib(string, Feed) (Recognizer, error) {
	return nil, face.Errorf(face.Unavailable, "this program was built without dlib: run `scripts/setup.sh dlib` and `make build DLIB=1`")
}
