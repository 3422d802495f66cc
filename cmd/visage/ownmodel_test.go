package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/internal/onnxtest"
)

// ortLib is the flag that names ONNX Runtime's library, without which a test
// skips.
func ortLib(t *testing.T) []string {
	t.Helper()
	lib := os.Getenv("VISAGE_ORT_LIB")
	if lib == "" {
		t.Skip("VISAGE_ORT_LIB is not set: this test needs ONNX Runtime")
	}
	return []string{"--ort-lib", lib}
}

// network writes a network with random weights.
func network(t *testing.T, r onnxtest.Recognizer) (path string) {
	t.Helper()
	r.Input.Name = "input"
	path = filepath.Join(t.TempDir(), "network.onnx")
	if err := os.WriteFile(path, r.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// planes is the input of one face of a size, channels first.
func planes(side int64) onnxtest.Value { return onnxtest.Value{Shape: []int64{1, 3, side, side}} }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
