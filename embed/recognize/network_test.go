package recognize_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
)

var mobileFaceNet = recognize.Input{
	Side: 112, RGB: true,
	Mean: [3]float32{123.675, 116.28, 103.53}, Std: [3]float32{58.395, 57.12, 57.375},
}

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// From the reference's own aligned crops the cosine must be 0.9999 or more.
func TestMobileFaceNetMatchesTheReference(t *testing.T) {
	t.Parallel()
	models := golden.Models(t)
	network, err := recognize.OpenNetwork(golden.Session(t, golden.Read(t, filepath.Join(models, "mobilefacenet_foamliu_128.onnx"))), mobileFaceNet, 128)
	if err != nil {
		t.Fatal(err)
	}
	faces := 0
	for name, photo := range golden.Load(t).Photos {
		for i, f := range photo.Faces {
			crop := fmt.Sprintf("golden/%s_face%d_aligned112.png", strings.TrimSuffix(name, ".jpg"), i)
			got := recognizeFile(t, network, filepath.Join(models, crop))
			want := append([]float32(nil), f.MobileFaceNet.Embedding...)
			golden.Check(t, recognize.Unit(want))
			if cosine := dot(got, want); cosine < 0.9999 {
				t.Errorf("%s: cosine %.6f to the reference, want 0.9999", crop, cosine)
			}
			faces++
		}
	}
	if faces < 10 {
		t.Errorf("compared %d faces only", faces)
	}
}

func recognizeFile(t *testing.T, by recognize.Recognizer, path string) []float32 {
	t.Helper()
	crop, err := cv.Decode(golden.Read(t, path), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer crop.Close()
	vector, err := by.Recognize(context.Background(), crop)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, recognize.Unit(vector))
	return vector
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestNetworkOfAnotherShapeIsRefused(t *testing.T) {
	t.Parallel()
	session := golden.Session(t, golden.Read(t, filepath.Join(golden.Models(t), "mobilefacenet_foamliu_128.onnx")))
	if _, err := recognize.OpenNetwork(session, mobileFaceNet, 512); err == nil || !strings.Contains(err.Error(), "512") {
		t.Errorf("a graph of 128 values opened as one of 512: %v", err)
	}
	other := mobileFaceNet
	other.Side = 96
	if _, err := recognize.OpenNetwork(session, other, 128); err == nil || !strings.Contains(err.Error(), "96") {
		t.Errorf("a graph of side 112 opened as one of 96: %v", err)
	}
}

func TestEmbeddingWithoutDirectionIsRefused(t *testing.T) {
	t.Parallel()
	if err := recognize.Unit(make([]float32, 3)); err == nil {
		t.Error("a zero embedding was accepted")
	}
}
