package embed_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// builtIn needs no weights and no ONNX Runtime.
var builtIn = embed.Config{Detector: "opencv", Recognizer: "LBPH"}

func plainJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBadPhotographs(t *testing.T) {
	t.Parallel()
	cfg := builtIn
	cfg.MaxBytes, cfg.MaxPixels = 1<<20, 500*500
	e := openEmbedder(t, cfg)
	photo := plainJPEG(t, 400, 300)
	for name, c := range map[string]struct {
		data []byte
		want face.Code
	}{
		"no face":    {photo, face.NoFace},
		"one pixel":  {plainJPEG(t, 1, 1), face.NoFace},
		"empty":      {nil, face.Empty},
		"text":       {[]byte("no picture"), face.Unsupported},
		"truncated":  {photo[:len(photo)-9], face.Undecodable},
		"too large":  {plainJPEG(t, 501, 500), face.TooLarge},
		"many bytes": {bytes.Repeat([]byte{0xff}, 1<<20+1), face.TooLarge},
	} {
		if _, err := e.Embed(context.Background(), c.data, face.AllFaces); face.CodeOf(err) != c.want {
			t.Errorf("%s: Embed gives %v, want %s", name, err, c.want)
		}
		if _, _, _, err := e.Extract(context.Background(), c.data, face.AllFaces); face.CodeOf(err) != c.want {
			t.Errorf("%s: Extract gives %v, want %s", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Embed(ctx, photo, face.AllFaces); face.CodeOf(err) != face.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "yunet_n_dynamic.onnx"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  embed.Config
		dir  string
		code face.Code
		text string
	}{
		"unknown detector":   {embed.Config{Detector: "nobody", Recognizer: "LBPH"}, "", face.NotFound, "yunet, retinaface_mobilenet, scrfd"},
		"unknown recogniser": {embed.Config{Detector: "opencv", Recognizer: "nobody"}, "", face.NotFound, "choose one of SFace, "},
		"missing weights":    {embed.Config{Detector: "yunet", Recognizer: "LBPH"}, "", face.Unavailable, "visage models pull yunet"},
		"missing file":       {embed.Config{Detector: "scrfd_2.5g_bnkps", Recognizer: "LBPH"}, "", face.Unavailable, "scrfd_2.5g_bnkps.onnx"},
		"damaged weights":    {embed.Config{Detector: "yunet", Recognizer: "LBPH"}, damaged, face.Mismatch, "SHA-256"},
		"no cascades":        {embed.Config{Detector: "opencv", Recognizer: "LBPH", Cascades: "/nonexistent"}, "", face.Unavailable, "make setup"},
	} {
		c.cfg.Store = registry.NewStore(entries, t.TempDir(), c.dir)
		if _, err := embed.Open(c.cfg); face.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %s with %q", name, err, c.code, c.text)
		}
	}
}

func TestMissingRuntime(t *testing.T) {
	t.Parallel()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	_, err = embed.Open(embed.Config{
		Store: registry.NewStore(entries, golden.Models(t)), Detector: "yunet", Recognizer: "LBPH", OrtLib: "/nonexistent.so",
	})
	if code := face.CodeOf(err); code != face.Unavailable {
		t.Errorf("got %v", err)
	}
}

// The defaults are the best that is installed.
func TestDefaults(t *testing.T) {
	t.Parallel()
	if e := openEmbedder(t, embed.Config{}); e.Detector() != "opencv" || e.Recognizer() != "LBPH" {
		t.Errorf("without weights: %s and %s", e.Detector(), e.Recognizer())
	} else if name := e.Space().Name(); !strings.HasPrefix(name, "LBPH-native-opencv-") {
		t.Errorf("space %s does not name the detector, on whose eyes it depends", name)
	}
	e := openEmbedder(t, embed.Config{OrtLib: golden.OrtLib(t)}, golden.Models(t))
	if e.Detector() != "yunet" || e.Recognizer() != "MobileFaceNet" {
		t.Errorf("with weights: %s and %s", e.Detector(), e.Recognizer())
	}
	if name := e.Space().Name(); name != "MobileFaceNet-native-b7120c09" {
		t.Errorf("space %s: five landmarks must not bind it to the detector", name)
	}
}

// Of a group the most prominent face alone is embedded when that is asked for.
func TestMostProminentFace(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Detector: "yunet", Recognizer: "LBPH", OrtLib: golden.OrtLib(t)}, golden.Models(t))
	data := golden.Read(t, golden.PhotoPath(t, "selfie-many-people.jpg"))
	all, err := e.Embed(context.Background(), data, face.AllFaces)
	if err != nil {
		t.Fatal(err)
	}
	one, err := e.Embed(context.Background(), data, face.Prominent)
	if err != nil || len(one.Templates) != 1 || len(all.Templates) < 6 {
		t.Fatalf("%d faces, then %d, %v", len(all.Templates), len(one.Templates), err)
	}
	found := make([]face.Detection, len(all.Templates))
	for i, template := range all.Templates {
		found[i] = template.Detection
	}
	want := found[face.MostProminent(found, all.Width, all.Height)].Box
	if got := one.Templates[0].Detection.Box; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A picture cut tightly around a face shows one to the detector once there is
// something around it.
func TestPadding(t *testing.T) {
	t.Parallel()
	tight, err := filepath.Glob(filepath.Join(golden.Photos(t), "orl40", "s0*", "01.png"))
	if err != nil || len(tight) < 5 {
		t.Fatalf("%d pictures, %v", len(tight), err)
	}
	cfg := embed.Config{Detector: "scrfd", Recognizer: "LBPH", OrtLib: golden.OrtLib(t)}
	cfg.Passes.Once = true
	plain := openEmbedder(t, cfg, golden.Models(t))
	cfg.Pad = 0.5
	padded := openEmbedder(t, cfg, golden.Models(t))
	for _, path := range tight {
		if _, err := plain.Embed(context.Background(), golden.Read(t, path), face.AllFaces); face.CodeOf(err) != face.NoFace {
			t.Errorf("%s without padding: %v", path, err)
		}
		if photo, err := padded.Embed(context.Background(), golden.Read(t, path), face.AllFaces); err != nil || len(photo.Templates) != 1 {
			t.Errorf("%s with padding: %d faces, %v", path, len(photo.Templates), err)
		}
	}
	cfg.Pad = 3
	if _, err := embed.Open(cfg); face.CodeOf(err) != face.Invalid {
		t.Errorf("padding by 3: %v", err)
	}
}
