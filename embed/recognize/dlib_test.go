//go:build dlib

package recognize_test

import (
	"context"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/face"
)

// Dlib's network gets the letterboxed crop as bytes, red first: a crop that
// fills its picture is described as its own bytes are.
func TestDlibDescribesTheCrop(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "network.dat")
	if err := os.WriteFile(path, dlibtest.RandomNetwork(1).File(dlibtest.Published()), 0o600); err != nil {
		t.Fatal(err)
	}
	feed, err := recognize.DeepFaceFeed(recognize.DeepFaceConfig{
		Width: dlib.Side, Height: dlib.Side, Bytes: true, Input: recognize.Input{RGB: true, Std: [3]float32{1, 1, 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recognize.OpenDlib(path, feed)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, r.Close()) }()
	m, pixels := image.NewRGBA(image.Rect(0, 0, dlib.Side, dlib.Side)), make([]byte, 0, 3*dlib.Side*dlib.Side)
	for i := range dlib.Side * dlib.Side {
		red, green, blue := byte(i), byte(i/dlib.Side), byte(7*i)
		m.SetRGBA(i%dlib.Side, i/dlib.Side, color.RGBA{red, green, blue, 255})
		pixels = append(pixels, red, green, blue)
	}
	crop := encoded(t, m)
	got, err := r.Recognize(context.Background(), []*cv.Image{crop, crop})
	if err != nil || len(got) != 2 || r.Dim() != len(got[0]) {
		t.Fatalf("%d vectors, %v", len(got), err)
	}
	network, err := dlib.LoadNetwork(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, network.Close()) }()
	want, err := network.Describe([][]byte{pixels})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got[0] {
		if math.Abs(float64(v-want[0][i])) > 1e-6*norm(want[0]) {
			t.Fatalf("value %d is %g, want %g", i, v, want[0][i])
		}
	}
	if _, err := recognize.OpenDlib(filepath.Join("..", "..", "README.md"), feed); face.CodeOf(err) != face.Mismatch {
		t.Errorf("a text: %v", err)
	}
}

func norm(v []float32) float64 { return math.Sqrt(dot(v, v)) }
