package embed_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// arcFace is a network with random weights in the place of DeepFace's ArcFace.
var arcFace = onnxtest.Recognizer{
	Input: onnxtest.Value{Name: "input", Shape: []int64{-1, 112, 112, 3}}, Last: true, Dim: 512, Seed: 5,
}

// storeWith has the models of the tests and a network under a model's name.
func storeWith(t *testing.T, model string, network onnxtest.Recognizer) *registry.Store {
	t.Helper()
	return storeOf(t, map[string]onnxtest.Recognizer{model: network})
}

// storeOf is storeWith for several.
func storeOf(t *testing.T, networks map[string]onnxtest.Recognizer) *registry.Store {
	t.Helper()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	inspect := func(e registry.Entry, paths []string) error {
		return embed.Inspect(t.Context(), golden.OrtLib(t), e, paths)
	}
	for model, network := range networks {
		file := filepath.Join(t.TempDir(), "network.onnx")
		if err := os.WriteFile(file, network.Encode(), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := registry.NewStore(entries, home).ImportUnpinned(model, inspect, file); err != nil {
			t.Fatal(err)
		}
	}
	return registry.NewStore(entries, home, golden.Models(t))
}

func openIn(t *testing.T, store *registry.Store, cfg embed.Config) *embed.Embedder {
	t.Helper()
	cfg.Store, cfg.OrtLib = store, golden.OrtLib(t)
	e, err := embed.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, e.Close()) })
	return e
}

func photo(t *testing.T, name string) []byte {
	t.Helper()
	return golden.Read(t, golden.PhotoPath(t, name))
}

// In DeepFace's profile the network gets what DeepFace makes of the crop that
// Extract shows: letterboxed as numbers of 0 to 1, blue first. The letterbox is
// made here a second time, in plain floating point.
func TestDeepFaceProfileFeedsTheCrop(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	cfg := embed.Config{Detector: "yunet", Recognizer: "ArcFace", Options: detect.Options{Profile: face.DeepFace}}
	e := openIn(t, store, cfg)
	for _, name := range []string{"img1.jpg", "couple.jpg"} {
		faces, width, height, err := e.Represent(context.Background(), photo(t, name), face.AllFaces)
		if err != nil {
			t.Fatal(err)
		}
		crops, w, h, err := e.Extract(context.Background(), photo(t, name), face.AllFaces)
		if err != nil || len(crops) != len(faces) || w != width || h != height {
			t.Fatalf("%s: %d crops and %d faces, %v", name, len(crops), len(faces), err)
		}
		for i, f := range faces {
			want := letterboxed(t, crops[i].PNG, 112)
			for k, v := range f.Fed {
				if math.Abs(float64(v)-want[k]) > 1e-5 { // OpenCV computes in float32
					t.Fatalf("%s face %d: number %d is %g, want %g", name, i, k, v, want[k])
				}
			}
			if f.Space.Unit || f.Space.Profile != face.DeepFace || f.Space.Detector != "yunet" || f.Detection.Box != crops[i].Detection.Box {
				t.Errorf("%s face %d: space %+v, box %v", name, i, f.Space, f.Detection.Box)
			}
		}
	}
}

// letterboxed is DeepFace's resize_image of a crop: rows, columns, blue, green,
// red.
func letterboxed(t *testing.T, crop []byte, side int) []float64 {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(crop))
	if err != nil {
		t.Fatal(err)
	}
	size := m.Bounds().Size()
	factor := min(float64(side)/float64(size.Y), float64(side)/float64(size.X))
	w, h := int(float64(size.X)*factor), int(float64(size.Y)*factor)
	out := make([]float64, side*side*3)
	for y := range h {
		for x := range w {
			at := 3 * ((y+(side-h)/2)*side + x + (side-w)/2)
			sample(m, out[at:at+3], (float64(x)+0.5)*float64(size.X)/float64(w)-0.5, (float64(y)+0.5)*float64(size.Y)/float64(h)-0.5)
		}
	}
	return out
}

// sample reads a picture bilinearly, its border repeated.
func sample(m image.Image, bgr []float64, x, y float64) {
	size := m.Bounds().Size()
	x, y = min(max(x, 0), float64(size.X-1)), min(max(y, 0), float64(size.Y-1))
	left, top := math.Floor(x), math.Floor(y)
	for dy := range 2 {
		for dx := range 2 {
			weight := (1 - math.Abs(x-left-float64(dx))) * (1 - math.Abs(y-top-float64(dy)))
			r, g, b, _ := m.At(min(int(left)+dx, size.X-1), min(int(top)+dy, size.Y-1)).RGBA()
			for c, v := range []uint32{b, g, r} {
				bgr[c] += weight * float64(v>>8) / 255
			}
		}
	}
}

// What departs from the profile's defaults makes another space.
func TestVariantsAreSpaces(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	deepface := detect.Options{Profile: face.DeepFace}
	for want, cfg := range map[string]embed.Config{
		"ArcFace-deepface-yunet":                    {},
		"ArcFace-deepface+Facenet2018-yunet":        {Options: deepface, Normalization: "Facenet2018"},
		"ArcFace-deepface+unaligned+expand20-yunet": {Options: deepface, Crop: embed.Crop{Unaligned: true, Expand: 20}},
		"ArcFace-native":                            {Options: detect.Options{Profile: face.Native}},
	} {
		cfg.Detector, cfg.Recognizer = "yunet", "ArcFace"
		e := openIn(t, store, cfg)
		if got := e.Space().Name(); !strings.HasPrefix(got, want+"-") || strings.Count(got, "-") != strings.Count(want, "-")+1 {
			t.Errorf("space %s, want %s and a hash", got, want)
		}
		got, _ := e.Thresholds().In(face.Cosine)
		if (got.Distance == 0.68) != (e.Profile() == face.DeepFace) || strings.Contains(got.Source, "; set for") != strings.Contains(want, "+") {
			t.Errorf("%s: threshold %+v", want, got)
		}
	}
}

func TestProfilesThatCannotBe(t *testing.T) {
	t.Parallel()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	deepface, native := detect.Options{Profile: face.DeepFace}, detect.Options{Profile: face.Native}
	for name, c := range map[string]struct {
		cfg  embed.Config
		want string
	}{
		"not DeepFace's":       {embed.Config{Recognizer: "LBPH", Options: deepface}, "LBPH has no profile deepface"},
		"authors unknown":      {embed.Config{Recognizer: "DeepID", Options: native}, "DeepID has no profile native"},
		"native normalisation": {embed.Config{Recognizer: "ArcFace", Options: native, Normalization: "raw"}, "normalization raw"},
		"native unaligned":     {embed.Config{Recognizer: "ArcFace", Options: native, Crop: embed.Crop{Unaligned: true}}, "needs aligned faces"},
		"native, grown":        {embed.Config{Recognizer: "ArcFace", Options: native, Crop: embed.Crop{Expand: 5}}, "boxes can be expanded"},
		"unknown profile":      {embed.Config{Recognizer: "LBPH", Options: detect.Options{Profile: "mine"}}, `profile "mine"`},
		"unknown device":       {embed.Config{Recognizer: "LBPH", Device: "gpu"}, `device "gpu"`},
		"faces below 0":        {embed.Config{Recognizer: "LBPH", MaxFaces: -1}, "at most -1 faces"},
		"nothing for a card":   {embed.Config{Recognizer: "LBPH", Device: "cuda"}, "opencv, LBPH) is a network that could run on cuda:0"},
	} {
		c.cfg.Store, c.cfg.Detector = registry.NewStore(entries, t.TempDir()), "opencv"
		if _, err := embed.Open(c.cfg); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

// A photograph without a face is one, where that is wanted.
func TestWholePhotographAnyway(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 60, 40))); err != nil {
		t.Fatal(err)
	}
	store := storeWith(t, "ArcFace", arcFace)
	for _, profile := range []face.Profile{face.Native, face.DeepFace} {
		cfg := embed.Config{Detector: "yunet", Recognizer: "ArcFace", Options: detect.Options{Profile: profile}}
		if _, _, _, err := openIn(t, store, cfg).Extract(context.Background(), b.Bytes(), face.AllFaces); face.CodeOf(err) != face.NoFace {
			t.Errorf("%s: %v", profile, err)
		}
		cfg.Anyway = true
		crops, _, _, err := openIn(t, store, cfg).Extract(context.Background(), b.Bytes(), face.AllFaces)
		if want := (face.Box{X2: 60, Y2: 40}); err != nil || len(crops) != 1 || crops[0].Detection.Box != want || crops[0].Detection.Confidence != 0 {
			t.Errorf("%s: %+v, %v", profile, crops, err)
		}
	}
}

func TestMaxFacesKeepsTheLargest(t *testing.T) {
	t.Parallel()
	cfg := embed.Config{Detector: "yunet", Recognizer: "LBPH", OrtLib: golden.OrtLib(t)}
	area := func(d face.Detection) float32 { return -d.Box.Area() }
	found := func(most int) (areas []float32) {
		cfg.MaxFaces = most
		faces, _, _, err := openEmbedder(t, cfg, golden.Models(t)).Detect(context.Background(), photo(t, "selfie-many-people.jpg"), face.AllFaces)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range faces {
			areas = append(areas, area(d))
		}
		slices.Sort(areas)
		return areas
	}
	all := found(0)
	if got := found(2); len(all) < 4 || !slices.Equal(got, all[:2]) {
		t.Errorf("areas %v of %v", got, all)
	}
}

// Photographs embedded at once, whose faces share runs, give what they give
// alone.
func TestSharedRunsChangeNothing(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	e := openIn(t, store, embed.Config{Detector: "yunet", Recognizer: "ArcFace", Workers: 1, Batch: 4})
	names := []string{"img1.jpg", "img2.jpg", "couple.jpg", "img5.jpg", "img25.jpg", "selfie-many-people.jpg"}
	want := make([]face.Photo, len(names))
	for i, name := range names {
		var err error
		if want[i], err = e.Embed(context.Background(), photo(t, name), face.AllFaces); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i, name := range names {
		for range 3 {
			group.Go(func() {
				got, err := e.Embed(context.Background(), photo(t, name), face.AllFaces)
				if err != nil || len(got.Templates) != len(want[i].Templates) {
					t.Errorf("%s: %d faces, %v", name, len(got.Templates), err)
					return
				}
				for k, template := range got.Templates {
					if c := cosine(template.Vector, want[i].Templates[k].Vector); c < 1-1e-6 {
						t.Errorf("%s face %d: cosine %.8f", name, k, c)
					}
				}
			})
		}
	}
	group.Wait()
}

// A network that never runs on a graphics card is not run on the processor where
// a card was asked for.
func TestCaffeOnACardIsRefused(t *testing.T) {
	t.Parallel()
	entries, err := registry.Entries()
	golden.Check(t, err)
	i := slices.IndexFunc(entries, func(e registry.Entry) bool { return e.Name == "ssd" })
	files := entries[i].Files
	k := slices.IndexFunc(files, func(f registry.File) bool { return strings.HasSuffix(f.Name, ".caffemodel") })
	home := t.TempDir()
	for _, f := range []*registry.File{&files[k], &files[k].Parts[0]} {
		golden.Check(t, os.WriteFile(filepath.Join(home, f.Name), []byte(f.Name), 0o600))
		sum := sha256.Sum256([]byte(f.Name))
		f.SHA256, f.Bytes = hex.EncodeToString(sum[:]), int64(len(f.Name))
	}
	entries[i].Files = files[k : k+1]
	cfg := embed.Config{Store: registry.NewStore(entries, home), Detector: "ssd", Recognizer: embed.NoRecognizer, Device: "cuda"}
	if _, err := embed.Open(cfg); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "ssd runs on the processor alone") {
		t.Errorf("got %v", err)
	}
}

// Templates that were made by different descriptions of a user's model cannot be
// compared; what does not change a template does not change its space.
func TestDescriptionsAreSpaces(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	program := store.Entries()
	i := slices.IndexFunc(program, func(e registry.Entry) bool { return e.Name == "ArcFace" })
	space := func(change func(r *registry.Recognition)) string {
		own, r, native, deepface := program[i], *program[i].Recognition, *program[i].Recognition.Native, *program[i].Recognition.DeepFace
		r.Native, r.DeepFace = &native, &deepface
		change(&r)
		own.Own, own.Recognition = true, &r
		entries := slices.Clone(program)
		entries[i] = own
		path, err := store.Path(own, own.Files[len(own.Files)-1])
		if err != nil {
			t.Fatal(err)
		}
		e := openIn(t, registry.NewStore(entries, filepath.Dir(path)), embed.Config{Detector: "opencv", Recognizer: "ArcFace", Options: detect.Options{Profile: face.Native}})
		return e.Space().Name()
	}
	as := space(func(*registry.Recognition) {})
	if again := space(func(r *registry.Recognition) { r.Native.Thresholds, r.DeepFace.Mean[0] = nil, 7 }); again != as {
		t.Errorf("%s became %s", as, again)
	}
	for name, change := range map[string]func(r *registry.Recognition){
		"mean": func(r *registry.Recognition) { r.Native.Mean[1]++ },
		"rgb":  func(r *registry.Recognition) { r.Native.RGB = !r.Native.RGB },
		"crop": func(r *registry.Recognition) { r.Native.Crop = registry.CropBox },
	} {
		if other := space(change); other == as {
			t.Errorf("another %s: still %s", name, other)
		}
	}
}

// A photograph of which nothing is left in the network's size holds no face.
func TestSliverIsNoFace(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	golden.Check(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 5000))))
	e := openIn(t, storeWith(t, "ArcFace", arcFace), embed.Config{Detector: "skip", Recognizer: "ArcFace", Options: detect.Options{Profile: face.DeepFace}})
	if _, err := e.Embed(context.Background(), b.Bytes(), face.AllFaces); face.CodeOf(err) != face.NoFace {
		t.Errorf("got %v", err)
	}
}
