package recognize

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// picture makes a crop of the colours given row by row.
func picture(t *testing.T, width int, pixels ...color.RGBA) *cv.Image {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, len(pixels)/width))
	for i, p := range pixels {
		m.SetRGBA(i%width, i/width, p)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	crop, err := cv.Decode(b.Bytes(), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := crop.Close(); err != nil {
			t.Error(err)
		}
	})
	return crop
}

func rgb(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }

func near(got, want []float32, tolerance float64) bool {
	return slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a)-float64(b)) <= tolerance })
}

// fed is what a feed gives, the channels of a pixel together, after comparing it
// with what it gives one channel after the other.
func fed(f Feed, crop *cv.Image) ([]float32, error) {
	width, height := f.size()
	together, apart := make([]float32, 3*width*height), make([]float32, 3*width*height)
	err := errors.Join(f.feed(crop, together, true), f.feed(crop, apart, false))
	for i, v := range together {
		if apart[i%3*width*height+i/3] != v {
			return nil, fmt.Errorf("together %v, apart %v", together, apart)
		}
	}
	return together, err
}

func TestNativeFeed(t *testing.T) {
	t.Parallel()
	crop := picture(t, 2, rgb(10, 20, 30), rgb(40, 50, 60))
	in := Input{Mean: [3]float32{1, 2, 3}, Std: [3]float32{1, 2, 4}}
	for _, c := range []struct {
		rgb  bool
		want []float32
	}{
		{false, []float32{29, 9, 1.75, 59, 24, 9.25}}, // 30-1, (20-2)/2, (10-3)/4
		{true, []float32{9, 9, 6.75, 39, 24, 14.25}},
	} {
		in.RGB = c.rgb
		if got, err := fed(NativeFeed(2, 1, in), crop); err != nil || !near(got, c.want, 1e-6) {
			t.Errorf("rgb %v: %v, %v, want %v", c.rgb, got, err, c.want)
		}
	}
	if _, err := fed(NativeFeed(3, 1, in), crop); err == nil || !strings.Contains(err.Error(), "2x1") {
		t.Errorf("a crop of another size: %v", err)
	}
}

// By hand from deepface.md, 1.6 and 1.7: blue 51, green 102, red 204 are 0.2,
// 0.4, 0.8. Three black channels of the letterbox's margin count for Facenet's
// mean and deviation: of 51, 102, 204, 0, 0, 0 they are 59.5 and 74.5872.
func TestDeepFaceFeed(t *testing.T) {
	t.Parallel()
	crop := picture(t, 1, rgb(204, 102, 51))
	one := [3]float32{1, 1, 1}
	for _, c := range []struct {
		name string
		cfg  DeepFaceConfig
		want []float32
	}{
		{"base", DeepFaceConfig{Input: Input{Std: one}}, []float32{0.2, 0.4, 0.8, 0, 0, 0}},
		{"raw", DeepFaceConfig{Input: Input{Std: one}, Normalization: Raw}, []float32{51, 102, 204, 0, 0, 0}},
		{"Facenet", DeepFaceConfig{Input: Input{Std: one}, Normalization: Facenet}, []float32{-0.113961, 0.569803, 1.937330, -0.797724, -0.797724, -0.797724}},
		{"Facenet2018", DeepFaceConfig{Input: Input{Std: one}, Normalization: Facenet2018}, []float32{-0.6, -0.2, 0.6, -1, -1, -1}},
		{"VGGFace", DeepFaceConfig{Input: Input{Std: one}, Normalization: VGGFace}, []float32{-42.594, -2.7624, 74.8137, -93.594, -104.7624, -129.1863}},
		{"VGGFace2", DeepFaceConfig{Input: Input{Std: one}, Normalization: VGGFace2}, []float32{-40.4953, -1.8827, 72.9088, -91.4953, -103.8827, -131.0912}},
		{"ArcFace", DeepFaceConfig{Input: Input{Std: one}, Normalization: ArcFace}, []float32{-0.597656, -0.199219, 0.597656, -0.996094, -0.996094, -0.996094}},
		{"bytes, red first", DeepFaceConfig{Input: Input{RGB: true, Std: one}, Bytes: true}, []float32{204, 102, 51, 0, 0, 0}},
		{"Buffalo_L", DeepFaceConfig{Input: Input{Mean: [3]float32{127.5, 127.5, 127.5}, Std: [3]float32{127.5, 127.5, 127.5}}}, []float32{-0.998431, -0.996863, -0.993725, -1, -1, -1}},
	} {
		c.cfg.Width, c.cfg.Height = 1, 2 // the margin is below
		f, err := DeepFaceFeed(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fed(f, crop); err != nil || !near(got, c.want, 5e-5) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	flat := []float32{0.5, 0.5, 0.5}
	if Facenet.apply(flat); !slices.Equal(flat, []float32{0, 0, 0}) {
		t.Errorf("a picture of one colour became %v", flat)
	}
}

// Bytes are cut, not rounded, as numpy's astype does: 0.5 is 127.
func TestBytesAreCut(t *testing.T) {
	t.Parallel()
	f, err := DeepFaceFeed(DeepFaceConfig{Width: 1, Height: 1, Input: Input{Std: [3]float32{1, 1, 1}}, Bytes: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := fed(f, picture(t, 2, rgb(0, 254, 1), rgb(1, 255, 0), rgb(0, 254, 1), rgb(1, 255, 0))) // means 0.5, 254.5, 0.5 of 255
	if err != nil || !slices.Equal(got, []float32{0, 254, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDeepFaceFeedRefuses(t *testing.T) {
	t.Parallel()
	for _, cfg := range []DeepFaceConfig{{Normalization: "facenet"}, {Bytes: true, Normalization: Raw}} {
		if _, err := DeepFaceFeed(cfg); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), string(cfg.Normalization)) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
