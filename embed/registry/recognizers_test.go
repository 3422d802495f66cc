package registry

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// known returns the models that come with the program.
func known(t *testing.T) []Entry {
	t.Helper()
	entries, err := Entries()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// DeepFace's recognisers, each in the spellings that its users write.
var spellings = map[string][]string{
	"VGG-Face":     {"VGG-Face", "vggface", "VGGFace", "vgg_face"},
	"Facenet":      {"Facenet", "FaceNet", "facenet", "Facenet128"},
	"Facenet512":   {"Facenet512", "FaceNet512", "facenet-512", "FaceNet-512d"},
	"OpenFace":     {"OpenFace", "openface", "open_face"},
	"DeepFace":     {"DeepFace", "deepface", "FbDeepFace", "fb-deepface"},
	"DeepID":       {"DeepID", "deepid", "Deep-ID"},
	"ArcFace":      {"ArcFace", "arcface", "Arcface"},
	"Dlib":         {"Dlib", "dlib", "DLIB"},
	"SFace":        {"SFace", "sface", "S-Face"},
	"GhostFaceNet": {"GhostFaceNet", "ghostfacenet", "GhostFaceNets"},
	"Buffalo_L":    {"Buffalo_L", "buffalo_l", "BuffaloL", "buffalo-l"},
}

func TestDeepFacesRecognisersBySpelling(t *testing.T) {
	t.Parallel()
	for name, all := range spellings {
		for _, spelling := range all {
			if e, err := Find(known(t), Recognizer, spelling); err != nil || e.Name != name {
				t.Errorf("%s is %q, %v; want %s", spelling, e.Name, err, name)
			}
		}
	}
	if e, err := Find(known(t), Recognizer, "buffalo-sc"); err != nil || e.Name != "Buffalo_S" {
		t.Errorf("buffalo-sc is %q, %v", e.Name, err)
	}
}

// Every figure of DeepFace's tables is there: a threshold for each metric, each
// with its curve, which is one of nothing for Buffalo_L, and ranges but for three
// models.
func TestDeepFacesTablesAreComplete(t *testing.T) {
	t.Parallel()
	for name := range spellings {
		e, err := Find(known(t), Recognizer, name)
		if err != nil {
			t.Fatal(err)
		}
		d := e.Recognition.DeepFace
		for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
			threshold, ok := d.Thresholds.In(metric)
			if !ok || threshold.Source != "serengil/deepface, config/threshold.py" || threshold.Curve == nil || (*threshold.Curve == face.Curve{}) != (name == "Buffalo_L") {
				t.Errorf("%s, %s: %+v, %v", name, metric, threshold, ok)
			}
		}
		if without := name == "SFace" || name == "GhostFaceNet" || name == "Buffalo_L"; (d.MinMax == nil) != without {
			t.Errorf("%s: minmax is %v", name, d.MinMax)
		}
		if unit := name == "VGG-Face" || name == "OpenFace"; d.Unit != unit {
			t.Errorf("%s: unit is %v", name, d.Unit)
		}
		if takesBytes := name == "SFace" || name == "Dlib"; d.Bytes != takesBytes || d.RGB != takesBytes {
			t.Errorf("%s: bytes %v, RGB %v", name, d.Bytes, d.RGB)
		}
	}
}

// confidence is DeepFace's, for a verdict by the threshold itself
// (deepface/modules/verification.py).
func confidence(threshold face.Threshold, distance float64) float64 {
	verified, c := distance <= threshold.Distance, threshold.Curve
	if c == nil {
		return math.NaN() // no figure of DeepFace's
	}
	if *c == (face.Curve{}) {
		return map[bool]float64{true: 51, false: 49}[verified]
	}
	if c.Normalizer > 1 {
		distance /= c.Normalizer
	}
	percent := 100 / (1 + math.Exp(-(c.W*distance + c.B)))
	low, high, from, to := c.MinTrue, c.MaxTrue, math.Max(51, c.MinTrue), 100.0
	if !verified {
		low, high, from, to = c.MinFalse, c.MaxFalse, 0, math.Min(49, math.Trunc(c.MaxFalse))
	}
	percent = (percent-low)/(high-low)*(to-from) + from
	if verified {
		percent = math.Max(percent, 51)
	} else {
		percent = math.Min(percent, 49)
	}
	return math.Round(math.Min(math.Max(percent, 0), 100)*100) / 100
}

// What DeepFace's own code gives for these distances.
func TestCurvesGiveDeepFacesConfidences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model          string
		metric         face.Metric
		distance, want float64
	}{
		{"VGG-Face", face.Cosine, 0.1, 100}, {"VGG-Face", face.Cosine, 0.3, 91.2}, {"VGG-Face", face.Cosine, 0.5, 69.3}, {"VGG-Face", face.Cosine, 0.68, 51},
		{"VGG-Face", face.Cosine, 0.69, 18.78}, {"VGG-Face", face.Cosine, 0.8, 8.22}, {"VGG-Face", face.Cosine, 0.95, 0.83},
		{"Facenet512", face.Cosine, 0.15, 85.34}, {"Facenet512", face.Cosine, 0.3, 51}, {"Facenet512", face.Cosine, 0.31, 38.05}, {"Facenet512", face.Cosine, 0.6, 14.98}, {"Facenet512", face.Cosine, 1, 2.63},
		{"ArcFace", face.Cosine, 0.4, 72.91}, {"ArcFace", face.Cosine, 0.69, 18.83}, {"ArcFace", face.Cosine, 0.9, 6.09},
		{"SFace", face.Cosine, 0.4, 71}, {"SFace", face.Cosine, 0.6, 22.62}, {"SFace", face.Cosine, 0.9, 4},
		{"Dlib", face.Euclidean, 0.3, 95.5}, {"Dlib", face.Euclidean, 0.6, 51}, {"Dlib", face.Euclidean, 0.61, 34.39},
		{"OpenFace", face.Angular, 0.11, 51}, {"OpenFace", face.Angular, 0.12, 0.97}, {"DeepFace", face.Cosine, 0.23, 54.15},
		{"Buffalo_L", face.Cosine, 0.3, 51}, {"Buffalo_L", face.Cosine, 0.6, 49},
	} {
		e, err := Find(known(t), Recognizer, c.model)
		if err != nil {
			t.Fatal(err)
		}
		threshold, _ := e.Recognition.DeepFace.Thresholds.In(c.metric)
		if got := confidence(threshold, c.distance); !(math.Abs(got-c.want) <= 0.011) {
			t.Errorf("%s, %s %g: confidence %g, want %g", c.model, c.metric, c.distance, got, c.want)
		}
	}
}

func TestHowFacesArePrepared(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Recognition{
		"SFace":      {Dim: 128, Width: 112, Height: 112, Layout: NCHW, Native: &Native{Crop: CropArcFace, Input: Input{RGB: true, Std: [3]float32{1, 1, 1}}}},
		"Buffalo_L":  {Dim: 512, Width: 112, Height: 112, Layout: NCHW, Native: &Native{Crop: CropArcFace, Input: Input{RGB: true, Mean: [3]float32{127.5, 127.5, 127.5}, Std: [3]float32{127.5, 127.5, 127.5}}}},
		"Facenet512": {Dim: 512, Width: 160, Height: 160, Layout: NHWC, Native: &Native{Crop: CropBox, Margin: 0.25, Input: Input{RGB: true, Mean: [3]float32{127.5, 127.5, 127.5}, Std: [3]float32{128, 128, 128}}}},
		"VGG-Face":   {Dim: 4096, Width: 224, Height: 224, Layout: NHWC, Native: &Native{Crop: CropBox, Margin: 0.1, Input: Input{Mean: [3]float32{93.5940, 104.7624, 129.1863}, Std: [3]float32{1, 1, 1}}}},
		"Dlib":       {Dim: 128, Width: 150, Height: 150, Layout: NCHW},
		"DeepID":     {Dim: 160, Width: 47, Height: 55, Layout: NHWC},
		"Facenet":    {Dim: 128, Width: 160, Height: 160, Layout: NHWC},
	} {
		e, err := Find(known(t), Recognizer, name)
		if err != nil {
			t.Fatal(err)
		}
		got := *e.Recognition
		native := got.Native
		if got.Native, got.DeepFace = want.Native, nil; got != want || (native == nil) != (want.Native == nil) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		} else if native != nil && (native.Crop != want.Native.Crop || native.Margin != want.Native.Margin || native.Input != want.Native.Input) {
			t.Errorf("%s: native is %+v, want %+v", name, *native, *want.Native)
		}
	}
}

// The files of the test models are known by their hash: those that are their
// publishers' have an address, those that were converted tell how.
func TestTestModelsAreKnown(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("VISAGE_TEST_MODELS")
	if dir == "" {
		t.Skip("VISAGE_TEST_MODELS names no folder")
	}
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Models []struct {
			File, Task, SHA256 string
			Source             struct{ How string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	store, looked := NewStore(known(t), dir), 0
	for _, m := range manifest.Models {
		if m.Task != "detect" && m.Task != "recognize" {
			continue
		}
		looked++
		e, f, ok := store.owner(m.SHA256)
		untouched := strings.Contains(m.Source.How, "untouched")
		if !ok || (f.URL != "") != untouched || (f.Made != "") == untouched {
			t.Errorf("%s is %s of %q, from %q, made by %q", m.File, f.Name, e.Name, f.URL, f.Made)
		}
	}
	if looked < 20 {
		t.Errorf("looked at %d files", looked)
	}
	for _, name := range []string{"MobileFaceNet", "Buffalo_S", "EdgeFace_XS", "EdgeFace_XXS"} {
		e, err := Find(store.Entries(), Recognizer, name)
		if err != nil {
			t.Fatal(err)
		}
		if f, path, err := store.Installed(e); err != nil || filepath.Dir(path) != dir || f.Vouch() != ByHash {
			t.Errorf("%s: %s, %v", name, path, err)
		}
	}
	if e, err := store.Default(Recognizer); err != nil || e.Name != "MobileFaceNet" {
		t.Errorf("default is %q, %v", e.Name, err)
	}
}

// The documents list the recognisers as the registry has them.
func TestDocumentedRecognisers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range known(t) {
		if e.Kind != Recognizer {
			continue
		}
		profiles := []string{}
		for profile, has := range map[face.Profile]bool{face.Native: e.Recognition.Native != nil, face.DeepFace: e.Recognition.DeepFace != nil} {
			if has {
				profiles = append(profiles, string(profile))
			}
		}
		slices.Sort(profiles)
		slices.Reverse(profiles)
		joined := strings.Join(profiles, ", ")
		if len(profiles) > 1 {
			joined = strings.Replace(joined, string(e.Recognition.Profile()), "**"+string(e.Recognition.Profile())+"**", 1)
		}
		how := "pull"
		if f, ok := e.Preferred(); !ok {
			how = "built in"
		} else if !f.Vouched() {
			how = "pull `--unpinned`"
		}
		row := fmt.Sprintf("| `%s` | %d | %dx%d | %s | %s | %s | %s |", e.Name, e.Recognition.Dim, e.Recognition.Width, e.Recognition.Height, joined, how, e.Commercial, e.Licence)
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/models.md lacks %s", row)
		}
	}
}
