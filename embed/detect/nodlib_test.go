//go:build !dlib

package detect_test

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/internal/face"
)

func TestDlibIsNotInThisProgram(t *testing.T) {
	t.Parallel()
	_, err := detect.OpenDlib("points.dat", detect.Options{})
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "make build DLIB=1") {
		t.Errorf("got %v", err)
	}
}
