package embed_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

func measured(t *testing.T, e *embed.Embedder, data []byte) face.Measures {
	t.Helper()
	photo, err := e.Embed(context.Background(), data, face.Prominent)
	if err != nil {
		t.Fatal(err)
	}
	return photo.Templates[0].Measures
}

// changed is a photograph after something was done to it.
func changed(t *testing.T, data []byte, how func(*cv.Image) (*cv.Image, error)) []byte {
	t.Helper()
	photo, err := cv.Decode(data, cv.Limits{Bytes: 1 << 30, Pixels: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer photo.Close()
	other, err := how(photo)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	out, err := other.PNG()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Photographs of people are sharp, large and well aligned; the same ones blurred
// by a twentieth of the face's size are not sharp, and reduced ones not large.
func TestMeasuresOfPhotographs(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Detector: "scrfd", Recognizer: "MobileFaceNet", OrtLib: golden.OrtLib(t)}, golden.Models(t))
	paths, err := filepath.Glob(filepath.Join(golden.Photos(t), "people", "p0[1-4]", "*"))
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d photographs, %v", len(paths), err)
	}
	for _, path := range paths {
		data := golden.Read(t, path)
		m := measured(t, e, data)
		if m.Side < 100 || m.Confidence < 0.6 || m.Residual == nil || *m.Residual > 0.2 || m.Scale == nil || m.Sharpness < 0.4 {
			t.Errorf("%s: %+v", path, m)
		}
		if m.Yaw == nil || math.Abs(*m.Yaw) > 45 || math.Abs(*m.Pitch) > 45 || m.Brightness < 0.1 || m.Contrast < 0.05 || m.Quality.Score < 0.3 || len(m.Quality.Reasons) != 0 {
			t.Errorf("%s: yaw %v, pitch %v, light %.2f and %.2f, %+v", path, m.Yaw, m.Pitch, m.Brightness, m.Contrast, m.Quality)
		}
		by := 100 / m.Side
		small := changed(t, data, func(p *cv.Image) (*cv.Image, error) { return p.Scale(by, cv.Area) })
		if s := measured(t, e, small); s.Side < 90 || s.Side > 110 || *s.Scale < *m.Scale || s.Sharpness > m.Sharpness {
			t.Errorf("%s: a face of 100 pixels has %+v, the whole one %+v", path, s, m)
		}
		blurred := changed(t, small, func(p *cv.Image) (*cv.Image, error) { return p.Blur(5), nil })
		if b := measured(t, e, blurred); b.Sharpness > 0.08 || b.Quality.Score > 0.2 || !slices.Contains(b.Quality.Reasons, face.NoDetail) {
			t.Errorf("%s: blurred, the sharpness is %.3f of %.3f, the quality %+v", path, b.Sharpness, m.Sharpness, b.Quality)
		}
	}
}

// What is not aligned by its own landmarks has no residual.
func TestMeasuresWithoutAlignment(t *testing.T) {
	t.Parallel()
	data := golden.Read(t, golden.PhotoPath(t, "img1.jpg"))
	cascade := openEmbedder(t, embed.Config{Detector: "opencv", Recognizer: "LBPH"})
	if m := measured(t, cascade, data); m.Residual != nil || m.Scale == nil || m.Side < 100 || m.Sharpness < 0.3 {
		t.Errorf("aligned by its eyes alone: %+v", m)
	}
	skip := openEmbedder(t, embed.Config{Detector: "skip", Recognizer: "LBPH"})
	if m := measured(t, skip, data); m.Residual != nil || m.Scale != nil || m.Confidence != 0 || m.Yaw != nil || m.Quality.Parts.Confidence != nil {
		t.Errorf("the whole photograph: %+v", m)
	}
}
