package search_test

import (
	"encoding/json"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func photo(faces ...face.Template) face.Photo {
	return face.Photo{Width: 640, Height: 480, Templates: faces}
}

// All pairs are compared and the closest decides: 20 and 25 degrees.
func TestVerifyTakesTheClosestPair(t *testing.T) {
	t.Parallel()
	at25 := at(25)
	at25.Detection.Box = face.Box{X1: 300, Y1: 100, X2: 400, Y2: 220}
	got, err := search.Verify(photo(at(90), at(20)), photo(at(170), at25, at(150)), search.VerifyOptions{Threshold: half, Detector: "scrfd"})
	if err != nil {
		t.Fatal(err)
	}
	if want := 0.0038053019; !near(got.Distance, want, 1e-7) || !got.Verified {
		t.Errorf("distance %g, verified %t; want %g, true", got.Distance, got.Verified, want)
	}
	if got.FacialAreas.Img1.X != 10 || got.FacialAreas.Img2.X != 300 {
		t.Errorf("areas %+v, want those of the closest pair", got.FacialAreas)
	}
	if got.Model != "Plane" || got.Detector != "scrfd" || got.Metric != face.Cosine || got.ThresholdSource != half.Source {
		t.Errorf("%+v", got)
	}
}

// Of pairs that are equally close the first decides.
func TestVerifyTakesTheFirstOfEquals(t *testing.T) {
	t.Parallel()
	second := at(20)
	second.Detection.Box.X1 = 50
	got, err := search.Verify(photo(at(20), second), photo(at(30)), search.VerifyOptions{Threshold: half})
	if err != nil || got.FacialAreas.Img1.X != 10 {
		t.Errorf("%+v (%v), want the first face's area", got.FacialAreas, err)
	}
}

// The threshold is inclusive, and given in another metric it decides alike.
func TestVerifyAtTheThreshold(t *testing.T) {
	t.Parallel()
	d := distance(t, face.Cosine, at(0).Vector, at(60).Vector)
	for _, c := range []struct {
		threshold float64
		want      bool
	}{{d, true}, {d - 1e-9, false}, {d + 1e-9, true}, {0, false}} {
		got, err := search.Verify(photo(at(0)), photo(at(60)), search.VerifyOptions{
			Threshold: face.Threshold{Metric: face.Cosine, Distance: c.threshold},
		})
		if err != nil || got.Verified != c.want || got.Threshold != c.threshold {
			t.Errorf("threshold %g: %+v (%v), want verified %t", c.threshold, got, err, c.want)
		}
	}
	for _, metric := range metrics {
		for degrees, want := range map[float64]bool{59: true, 61: false} {
			got, err := search.Verify(photo(at(0)), photo(at(degrees)), search.VerifyOptions{Metric: metric, Threshold: half})
			if err != nil || got.Verified != want || (got.Confidence >= 50) != want {
				t.Errorf("%s at %g: %+v (%v), want verified %t", metric, degrees, got, err, want)
			}
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	other := at(3)
	other.Space.Weights = "ff" + other.Space.Weights[2:]
	broken := at(3)
	broken.Vector = []float32{0, 0}
	opts := search.VerifyOptions{Threshold: half}
	for _, c := range []struct {
		name string
		a, b face.Photo
		opts search.VerifyOptions
		want face.Code
	}{
		{"no face in the first", photo(), photo(at(1)), opts, face.NoFace},
		{"no face in the second", photo(at(1)), photo(), opts, face.NoFace},
		{"two spaces", photo(at(1)), photo(other), opts, face.Mismatch},
		{"two spaces in one", photo(at(1), other), photo(at(1)), opts, face.Mismatch},
		{"no threshold", photo(at(1)), photo(at(2)), search.VerifyOptions{}, face.Invalid},
		{"unknown metric", photo(at(1)), photo(at(2)), search.VerifyOptions{Metric: "taxicab", Threshold: half}, face.Invalid},
		{"zero template", photo(at(1)), photo(broken), opts, face.Invalid},
		{"numbers of another dimension", numbers(1, 0, 0), photo(at(1)), opts, face.Mismatch},
		{"two of another dimension than the space", numbers(1, 0, 0), numbers(0, 1, 0), opts, face.Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := search.Verify(c.a, c.b, c.opts)
			wantCode(t, err, c.want)
		})
	}
}

// DeepFace's verify object, key by key and in its order, and then what we add.
func TestVerifyJSON(t *testing.T) {
	t.Parallel()
	five := at(0)
	five.Detection.Landmarks = face.Landmarks{{X: 40, Y: 60}, {X: 80, Y: 61}, {X: 60, Y: 85}, {X: 45, Y: 110}, {X: 75, Y: 111}}
	got, err := search.Verify(photo(five), photo(at(0)), search.VerifyOptions{Threshold: half, Detector: "yunet"})
	if err != nil {
		t.Fatal(err)
	}
	got.Time = 0.25
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"verified":true,"distance":0,"threshold":0.5,"confidence":100,"model":"Plane","detector_backend":"yunet",` +
		`"similarity_metric":"cosine","facial_areas":{"img1":{"x":10,"y":20,"w":100,"h":120,"left_eye":[80,61],"right_eye":[40,60],` +
		`"nose":[60,85],"mouth_left":[75,111],"mouth_right":[45,110]},` +
		`"img2":{"x":10,"y":20,"w":100,"h":120,"left_eye":null,"right_eye":null}},"time":0.25,` +
		`"space":"Plane-native-00112233","threshold_source":"made for the test"}`
	if string(text) != want {
		t.Errorf("JSON\n%s\nwant\n%s", text, want)
	}
}

// numbers is a template that came without a photograph.
func numbers(vector ...float32) face.Photo {
	return face.Photo{Templates: []face.Template{{Space: plane, Vector: vector}}}
}

// What is given as numbers has a facial area in which all is null (section 1.2
// of the parity reference), and is compared like any other.
func TestVerifyNumbers(t *testing.T) {
	t.Parallel()
	const none = `{"x":null,"y":null,"w":null,"h":null,"left_eye":null,"right_eye":null}`
	const some = `{"x":10,"y":20,"w":100,"h":120,"left_eye":null,"right_eye":null}`
	for _, c := range []struct {
		a, b face.Photo
		want string
	}{
		{numbers(0, 1), photo(at(0)), `{"img1":` + none + `,"img2":` + some + `}`},
		{photo(at(0)), numbers(0, 1), `{"img1":` + some + `,"img2":` + none + `}`},
		{numbers(0, 1), numbers(1, 0), `{"img1":` + none + `,"img2":` + none + `}`},
	} {
		got, err := search.Verify(c.a, c.b, search.VerifyOptions{Threshold: half})
		if err != nil || !near(got.Distance, 1, 1e-7) || got.Verified {
			t.Fatalf("%+v (%v), want a right angle", got, err)
		}
		text, err := json.Marshal(got.FacialAreas)
		if err != nil || string(text) != c.want {
			t.Errorf("areas %s (%v), want %s", text, err, c.want)
		}
	}
}

func TestNewFacialArea(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    face.Detection
		want string
	}{
		{
			"rounded", face.Detection{Box: face.Box{X1: 10.4, Y1: 10.5, X2: 19.6, Y2: 30}},
			`{"x":10,"y":11,"w":10,"h":19,"left_eye":null,"right_eye":null}`,
		},
		{
			"cut at the borders", face.Detection{Box: face.Box{X1: -5, Y1: -7, X2: 130, Y2: 60}},
			`{"x":0,"y":0,"w":100,"h":50,"left_eye":null,"right_eye":null}`,
		},
		{
			"outside altogether", face.Detection{Box: face.Box{X1: 200, Y1: 200, X2: 300, Y2: 300}},
			`{"x":100,"y":50,"w":0,"h":0,"left_eye":null,"right_eye":null}`,
		},
		{
			"eyes alone, one outside", face.Detection{
				Box:       face.Box{X1: 60, Y1: 10, X2: 110, Y2: 40},
				Landmarks: face.Landmarks{{X: 70, Y: 20}, {X: 100, Y: 20}},
			},
			`{"x":60,"y":10,"w":40,"h":30,"left_eye":null,"right_eye":[70,20]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(search.NewFacialArea(c.d, 100, 50))
			if err != nil || string(got) != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
		})
	}
}
