// Package golden gives tests the real models and photographs, and what a
// reference implementation says of them, where the environment names them:
// VISAGE_TEST_MODELS (weights, golden.json and the folder golden) and
// VISAGE_TEST_PHOTOS. Tests skip where it does not.
package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// File is golden.json, as far as tests read it.
type File struct {
	Photos map[string]Photo `json:"photos"`
}

// Photo is what the reference finds in one photograph.
type Photo struct {
	Detect map[string][]Detection `json:"detect"` // by weights file without ".onnx"
	Faces  []Face                 `json:"faces"`  // in the order of scrfd_500m_bnkps
}

// Detection is one face; Box is x1,y1,x2,y2.
type Detection struct {
	Box       [4]float32   `json:"box"`
	Score     float32      `json:"score"`
	Landmarks [][2]float32 `json:"landmarks"`
}

// Face is one face's alignment and embedding.
type Face struct {
	Box       [4]float32    `json:"scrfd_box"`
	Landmarks [][2]float32  `json:"scrfd_landmarks"`
	Affine    [2][3]float64 `json:"affine_2x3_to_112"`

	networks map[string]json.RawMessage
}

// UnmarshalJSON keeps what the networks said for Embedding.
func (f *Face) UnmarshalJSON(text []byte) error {
	type plain Face
	if err := json.Unmarshal(text, (*plain)(f)); err != nil {
		return err
	}
	return json.Unmarshal(text, &f.networks)
}

// Embedding is what a network, by its name in golden.json, says of the face.
func (f Face) Embedding(t testing.TB, network string) []float32 {
	t.Helper()
	var said struct {
		Embedding []float32 `json:"embedding"`
	}
	f.Said(t, network, &said)
	if len(said.Embedding) == 0 {
		t.Fatalf("golden.json has no embedding by %s", network)
	}
	return said.Embedding
}

// Said reads what a network, by its name in golden.json, says of the face.
func (f Face) Said(t testing.TB, network string, into any) {
	t.Helper()
	if err := json.Unmarshal(f.networks[network], into); err != nil {
		t.Fatalf("golden.json, %s: %v", network, err)
	}
}

// Points turns a reference's landmarks into ours.
func Points(raw [][2]float32) face.Landmarks {
	marks := make(face.Landmarks, len(raw))
	for i, p := range raw {
		marks[i] = face.Point{X: p[0], Y: p[1]}
	}
	return marks
}

// Models is the folder of real weights.
func Models(t testing.TB) string { return folder(t, "VISAGE_TEST_MODELS") }

// Photos is the folder of labelled photographs.
func Photos(t testing.TB) string { return folder(t, "VISAGE_TEST_PHOTOS") }

// OrtLib is the path of ONNX Runtime's shared library.
func OrtLib(t testing.TB) string { return folder(t, "VISAGE_ORT_LIB") }

func folder(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s is not set: this test needs the real thing", variable)
	}
	return path
}

// Session loads a graph for the time of the test.
func Session(t testing.TB, graph []byte) *ort.Session {
	t.Helper()
	runtime, err := ort.OpenRuntime(OrtLib(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Check(t, runtime.Close()) })
	session, err := runtime.NewSession(graph, ort.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Check(t, session.Close()) })
	return session
}

// Check marks the test as failed for an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// Load reads golden.json.
func Load(t testing.TB) File {
	t.Helper()
	text := Read(t, filepath.Join(Models(t), "golden.json"))
	var f File
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("golden.json: %v", err)
	}
	if len(f.Photos) == 0 {
		t.Fatal("golden.json names no photographs")
	}
	return f
}

// PhotoPath finds a photograph of golden.json by its name.
func PhotoPath(t testing.TB, name string) string {
	t.Helper()
	for _, pattern := range []string{"people/*/", "groups/"} {
		paths, err := filepath.Glob(filepath.Join(Photos(t), pattern, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) == 1 {
			return paths[0]
		}
	}
	t.Fatalf("no photograph %s below %s", name, Photos(t))
	return ""
}

// Read reads a file or ends the test.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
