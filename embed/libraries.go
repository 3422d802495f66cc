package embed

import (
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// OpenCVVersion is that of the library in use, such as "4.6.0".
func OpenCVVersion() string { return cv.Version() }

// OrtVersion loads ONNX Runtime from a shared library and says its version,
// such as "1.27.0". It returns face.Unavailable if it cannot be loaded.
func OrtVersion(lib string) (string, error) {
	runtime, err := ort.OpenRuntime(lib)
	if err != nil {
		return "", face.Wrap(face.Unavailable, err, "ONNX Runtime")
	}
	version := runtime.Version()
	return version, runtime.Close()
}
