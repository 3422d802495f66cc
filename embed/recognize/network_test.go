package recognize_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
)

// What the networks of the golden embeddings take, by weights file and name in
// golden.json.
var goldenNetworks = map[string]struct {
	name  string
	input recognize.Input
	dim   int
}{
	"mobilefacenet_foamliu_128":          {"mobilefacenet_foamliu_128", imageNet, 128},
	"mobilefacenet_foamliu_128_dynbatch": {"mobilefacenet_foamliu_128", imageNet, 128},
	"w600k_mbf_512_w8":                   {"w600k_mbf_512_w8", insightFace, 512},
	"edgeface_xs_512":                    {"edgeface_xs_512", insightFace, 512},
	"edgeface_xxs_512":                   {"edgeface_xxs_512", insightFace, 512},
}

var (
	imageNet = recognize.Input{
		RGB: true, Mean: [3]float32{123.675, 116.28, 103.53}, Std: [3]float32{58.395, 57.12, 57.375},
	}
	insightFace = recognize.Input{RGB: true, Mean: [3]float32{127.5, 127.5, 127.5}, Std: [3]float32{127.5, 127.5, 127.5}}
)

// config is that of a network of 112x112 pixels.
func config(input recognize.Input, dim int) recognize.Config {
	return recognize.Config{Feed: recognize.NativeFeed(112, 112, input), Dim: dim}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// From the reference's own aligned crops the cosine must be 0.9999 or more, one
// face at a time and all at once.
func TestNetworksMatchTheReference(t *testing.T) {
	t.Parallel()
	for file, c := range goldenNetworks {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			n := open(t, golden.Read(t, filepath.Join(golden.Models(t), file+".onnx")), config(c.input, c.dim))
			crops, want := goldenFaces(t, c.name)
			together := recognized(t, n, crops...)
			for i, crop := range crops {
				golden.Check(t, recognize.Unit(want[i]))
				for how, got := range map[string][]float32{"alone": recognized(t, n, crop)[0], "together": together[i]} {
					golden.Check(t, recognize.Unit(got))
					if cosine := dot(got, want[i]); cosine < 0.9999 {
						t.Errorf("face %d %s: cosine %.6f to the reference, want 0.9999", i, how, cosine)
					}
				}
			}
			if len(crops) < 10 {
				t.Errorf("compared %d faces only", len(crops))
			}
		})
	}
}

// goldenFaces are the reference's aligned crops and its embeddings of them.
func goldenFaces(t *testing.T, network string) (crops []*cv.Image, embeddings [][]float32) {
	t.Helper()
	photos := golden.Load(t).Photos
	for _, name := range slices.Sorted(maps.Keys(photos)) {
		for i, f := range photos[name].Faces {
			file := fmt.Sprintf("golden/%s_face%d_aligned112.png", strings.TrimSuffix(name, ".jpg"), i)
			crops = append(crops, decoded(t, filepath.Join(golden.Models(t), file)))
			embeddings = append(embeddings, f.Embedding(t, network))
		}
	}
	return crops, embeddings
}

func open(t *testing.T, graph []byte, cfg recognize.Config) recognize.Recognizer {
	t.Helper()
	n, err := recognize.OpenNetwork(t.Context(), golden.Session(t, graph), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, n.Close()) })
	return n
}

func decoded(t *testing.T, path string) *cv.Image {
	t.Helper()
	crop, err := cv.Decode(golden.Read(t, path), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, crop.Close()) })
	return crop
}

func recognized(t *testing.T, by recognize.Recognizer, crops ...*cv.Image) [][]float32 {
	t.Helper()
	vectors, err := by.Recognize(context.Background(), crops)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestEmbeddingWithoutDirectionIsRefused(t *testing.T) {
	t.Parallel()
	if err := recognize.Unit(make([]float32, 3)); err == nil {
		t.Error("a zero embedding was accepted")
	}
}

// encoded turns a picture into a crop.
func encoded(t *testing.T, m image.Image) *cv.Image {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	crop, err := cv.Decode(b.Bytes(), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, crop.Close()) })
	return crop
}
