package detect

import (
	"maps"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// backends opens what reads the graphs of each family, by the name that the
// model registry gives it.
var backends = map[string]func([]Network, Options) (Detector, error){
	"blazeface":         one(openBlazeFace),
	"centerface":        one(openCenterFace),
	"mtcnn":             openMTCNN,
	"retinaface":        one(openRetinaFace),
	"retinaface_priors": one(openPriors),
	"scrfd":             one(openSCRFD),
	"ssd":               one(openSSD),
	"ultraface":         one(openUltraFace),
	"yolo":              one(openYOLO),
	"yolov5face":        one(openYOLOv5Face),
	"yunet":             one(openYuNet),
}

// Open takes over the networks of a backend, which the detector closes; on an
// error they stay the caller's. Errors are face.Invalid for options out of
// range, face.NotFound for an unknown backend, and face.Mismatch for graphs
// that are not the backend's, saying what differs.
func Open(backend string, networks []Network, o Options) (Detector, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	open, ok := backends[backend]
	if !ok {
		return nil, face.Errorf(face.NotFound, "no detector backend named %q: choose one of %s", backend,
			strings.Join(slices.Sorted(maps.Keys(backends)), ", "))
	}
	d, err := open(networks, o)
	if err != nil && face.CodeOf(err) != face.Invalid {
		return nil, face.Wrap(face.Mismatch, err, "graph of %s", backend)
	}
	return d, err
}

// one is a backend of a single network.
func one(open func(Network, Options) (Detector, error)) func([]Network, Options) (Detector, error) {
	return func(networks []Network, o Options) (Detector, error) {
		if len(networks) != 1 {
			return nil, face.Errorf(face.Mismatch, "%d graphs, want one", len(networks))
		}
		return open(networks[0], o)
	}
}
