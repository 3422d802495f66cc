package search_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// deepface reads DeepFace's thresholds and curves by model: serengil/deepface at
// 243209fd, sections 1.4 and 1.5 of the parity reference (deepface.md).
func deepface(t *testing.T) map[string]face.Thresholds {
	t.Helper()
	data, err := os.ReadFile("testdata/deepface.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Model string `json:"model"`
		face.Threshold
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	models := map[string]face.Thresholds{}
	for _, row := range rows {
		row.Source = "DeepFace"
		models[row.Model] = append(models[row.Model], row.Threshold)
	}
	return models
}

// The golden values of section 1.5 of the parity reference.
func TestConfidenceIsDeepFaces(t *testing.T) {
	t.Parallel()
	models := deepface(t)
	for _, c := range []struct {
		model  string
		metric face.Metric
		want   map[float64]float64 // by distance
	}{
		{"VGG-Face", face.Cosine, map[float64]float64{0: 100, 0.1: 100, 0.3: 91.2, 0.5: 69.3, 0.68: 51, 0.69: 18.78, 0.8: 8.22, 0.95: 0.83}},
		{"Facenet512", face.Cosine, map[float64]float64{0.15: 85.34, 0.3: 51, 0.31: 38.05, 0.6: 14.98, 1: 2.63}},
		{"ArcFace", face.Cosine, map[float64]float64{0.4: 72.91, 0.68: 51, 0.69: 18.83, 0.9: 6.09}},
		{"SFace", face.Cosine, map[float64]float64{0.4: 71, 0.593: 51, 0.6: 22.62, 0.9: 4}},
		{"Dlib", face.Euclidean, map[float64]float64{0.3: 95.5, 0.6: 51, 0.61: 34.39}},
		{"OpenFace", face.Angular, map[float64]float64{0.11: 51, 0.12: 0.97}},
		{"DeepFace", face.Cosine, map[float64]float64{0.23: 54.15}},
		{"Buffalo_L", face.Cosine, map[float64]float64{0: 100, 0.3: 51, 0.55: 51, 0.6: 49, 2: 49}},
	} {
		threshold, found := models[c.model].In(c.metric)
		if !found {
			t.Fatalf("%s has no threshold by %s", c.model, c.metric)
		}
		for d, want := range c.want {
			t.Run(fmt.Sprintf("%s %s %g", c.model, c.metric, d), func(t *testing.T) {
				t.Parallel()
				if got := search.Confidence(threshold, d); got != want {
					t.Errorf("confidence %g, want %g", got, want)
				}
			})
		}
	}
}

// The figure never contradicts the decision: on DeepFace's curves it is 51 or
// more within the threshold and 49 or less beyond it, on the line 50 or more
// and less than 50. It lies within [0,100], and falls with the distance.
func TestConfidenceAgreesWithTheDecision(t *testing.T) {
	t.Parallel()
	reach := map[face.Metric]float64{face.Cosine: 2, face.EuclideanL2: 2, face.Angular: 1, face.Euclidean: 300}
	for model, thresholds := range deepface(t) {
		for _, own := range thresholds {
			line := own
			line.Curve = nil
			for _, threshold := range []face.Threshold{own, line} {
				least, most := 50.0, 49.99
				if threshold.Curve != nil {
					least, most = 51, 49
				}
				last := 100.0
				for _, d := range around(threshold.Distance, reach[threshold.Metric]) {
					got := search.Confidence(threshold, d)
					if same := d <= threshold.Distance; same && !(got >= least && got <= 100) || !same && !(got >= 0 && got <= most) {
						t.Errorf("%s %s %g, curve %t: confidence %g at %.17g", model, own.Metric, own.Distance, threshold.Curve != nil, got, d)
					}
					if got > last {
						t.Errorf("%s %s, curve %t: %g follows %g at %g", model, own.Metric, threshold.Curve != nil, got, last, d)
					}
					last = got
				}
			}
		}
	}
}

// around are distances from 0 to reach, rising, with some that are next to the
// threshold.
func around(threshold, reach float64) []float64 {
	var distances []float64
	for step := range 1000 {
		if d := reach * float64(step) / 1000; d < threshold {
			distances = append(distances, d)
		}
	}
	distances = append(distances, math.Nextafter(threshold, 0), threshold, math.Nextafter(threshold, reach), threshold+1e-7, threshold+1e-5)
	for step := range 1001 {
		if d := reach * float64(step) / 1000; d > threshold+1e-5 {
			distances = append(distances, d)
		}
	}
	return append(distances, 10*reach)
}

// Where the caller sets another distance, DeepFace's curve would still speak of
// DeepFace's: at 0.5 VGG-Face's says 69.3, though the faces are not taken for
// one person's. The caller's threshold has no curve, and says so.
func TestVerifyByTheCallersThreshold(t *testing.T) {
	t.Parallel()
	own, _ := deepface(t)["VGG-Face"].In(face.Cosine)
	for _, c := range []struct {
		threshold  face.Threshold
		verified   bool
		confidence float64
	}{
		{own, true, 69.3},
		{face.Threshold{Metric: face.Cosine, Distance: 0.3, Source: "the caller"}, false, 44.12},
		{face.Threshold{Metric: face.Cosine, Distance: 1, Source: "the caller"}, true, 75},
	} {
		got, err := search.Verify(photo(at(0)), photo(at(60)), search.VerifyOptions{Threshold: c.threshold})
		if err != nil || got.Verified != c.verified || got.Confidence != c.confidence || got.ThresholdSource != c.threshold.Source {
			t.Errorf("threshold %g: %+v (%v), want verified %t with %g", c.threshold.Distance, got, err, c.verified, c.confidence)
		}
	}
}
