package search_test

import (
	"math"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// A cosine distance of 0.5 is an angle of 60 degrees and a chord of length 1.
func TestConvertThreshold(t *testing.T) {
	t.Parallel()
	sixty := map[face.Metric]float64{
		face.Cosine: 0.5, face.EuclideanL2: 1, face.Euclidean: 1, face.Angular: 1.0 / 3,
	}
	for from, d := range sixty {
		for to, want := range sixty {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				got, err := search.ConvertThreshold(face.Threshold{Metric: from, Distance: d, Source: "a table"}, to, plane)
				if err != nil || got.Metric != to || !near(got.Distance, want, 1e-12) {
					t.Fatalf("%+v (%v), want %s %g", got, err, to, want)
				}
				if derived := strings.Contains(got.Source, "derived from "+string(from)); derived != (from != to) {
					t.Errorf("source %q: says that it was derived: %t", got.Source, derived)
				}
				if !strings.HasPrefix(got.Source, "a table") {
					t.Errorf("source %q has lost the first source", got.Source)
				}
			})
		}
	}
}

// Figures of serengil/deepface's table as its cosine column implies them.
func TestConvertThresholdAgainstDeepFace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cosine, l2, angular float64 }{
		{0.68, 1.166, 0.396}, {0.40, 0.894, 0.295}, {0.30, 0.775, 0.253}, {0.593, 1.089, 0.367}, {0.015, 0.173, 0.055},
	} {
		from := face.Threshold{Metric: face.Cosine, Distance: c.cosine}
		l2, err := search.ConvertThreshold(from, face.EuclideanL2, plane)
		if err != nil || !near(l2.Distance, c.l2, 5e-4) {
			t.Errorf("cosine %g gives euclidean_l2 %g (%v), want %g", c.cosine, l2.Distance, err, c.l2)
		}
		angular, err := search.ConvertThreshold(from, face.Angular, plane)
		if err != nil || !near(angular.Distance, c.angular, 5e-4) {
			t.Errorf("cosine %g gives angular %g (%v), want %g", c.cosine, angular.Distance, err, c.angular)
		}
	}
}

func TestConvertThresholdRefuses(t *testing.T) {
	t.Parallel()
	scaled := plane
	scaled.Unit = false
	cosine := face.Threshold{Metric: face.Cosine, Distance: 0.5}
	for _, c := range []struct {
		name  string
		from  face.Threshold
		to    face.Metric
		space face.Space
		want  face.Code
	}{
		{"raw from cosine, not unit", cosine, face.Euclidean, scaled, face.Invalid},
		{"cosine from raw, not unit", face.Threshold{Metric: face.Euclidean, Distance: 4}, face.Cosine, scaled, face.Invalid},
		{"raw as it is, not unit", face.Threshold{Metric: face.Euclidean, Distance: 4}, face.Euclidean, scaled, ""},
		{"angular from cosine, not unit", cosine, face.Angular, scaled, ""},
		{"absent", face.Threshold{}, face.Cosine, plane, face.Invalid},
		{"negative", face.Threshold{Metric: face.Cosine, Distance: -0.1}, face.Cosine, plane, face.Invalid},
		{"NaN", face.Threshold{Metric: face.Cosine, Distance: math.NaN()}, face.Cosine, plane, face.Invalid},
		{"infinite", face.Threshold{Metric: face.Cosine, Distance: math.Inf(1)}, face.Cosine, plane, face.Invalid},
		{"unknown metric", face.Threshold{Metric: "taxicab", Distance: 1}, face.Cosine, plane, face.Invalid},
		{"to an unknown metric", cosine, "taxicab", plane, face.Invalid},
		{"zero", face.Threshold{Metric: face.Cosine}, face.Angular, plane, ""},
		{"beyond the range", face.Threshold{Metric: face.Cosine, Distance: 3}, face.Angular, plane, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := search.ConvertThreshold(c.from, c.to, c.space)
			wantCode(t, err, c.want)
			if err == nil && !(got.Distance >= 0) {
				t.Errorf("threshold %g", got.Distance)
			}
		})
	}
}

func TestChooseThreshold(t *testing.T) {
	t.Parallel()
	scaled := plane
	scaled.Unit = false
	cosine := face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "c", Curve: &face.Curve{W: -1}}
	raw := face.Threshold{Metric: face.Euclidean, Distance: 7, Source: "e", Curve: &face.Curve{W: -2}}
	angular := face.Threshold{Metric: face.Angular, Distance: 0.5, Source: "a", Curve: &face.Curve{W: -3}}
	bad := face.Threshold{Metric: face.Cosine, Distance: -1, Source: "b"}
	for _, c := range []struct {
		name   string
		known  face.Thresholds
		metric face.Metric
		space  face.Space
		want   face.Threshold // of no metric: refused
	}{
		{"its own, with its curve", face.Thresholds{angular, raw, cosine}, face.Cosine, plane, cosine},
		{"its own, not unit", face.Thresholds{cosine, raw}, face.Euclidean, scaled, raw},
		{"derived", face.Thresholds{cosine}, face.EuclideanL2, scaled, face.Threshold{Metric: face.EuclideanL2, Distance: 1, Source: "c; derived from cosine 0.5"}},
		{"derived from the first", face.Thresholds{angular, cosine}, face.EuclideanL2, plane, face.Threshold{Metric: face.EuclideanL2, Distance: math.Sqrt2, Source: "a; derived from angular 0.5"}},
		{"derived from the first that leads there", face.Thresholds{raw, cosine}, face.EuclideanL2, scaled, face.Threshold{Metric: face.EuclideanL2, Distance: 1, Source: "c; derived from cosine 0.5"}},
		{"none leads there", face.Thresholds{cosine, angular}, face.Euclidean, scaled, face.Threshold{}},
		{"none known", nil, face.Cosine, plane, face.Threshold{}},
		{"its own is no distance", face.Thresholds{bad, angular}, face.Cosine, plane, face.Threshold{}},
		{"unknown metric", face.Thresholds{cosine}, "taxicab", plane, face.Threshold{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := search.ChooseThreshold(c.known, c.metric, c.space)
			if c.want.Metric == "" {
				wantCode(t, err, face.Invalid)
				return
			}
			if err != nil || !near(got.Distance, c.want.Distance, 1e-12) {
				t.Errorf("%+v (%v), want %+v", got, err, c.want)
			}
			if got.Distance = c.want.Distance; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	_, err := search.ChooseThreshold(face.Thresholds{cosine}, face.Euclidean, scaled)
	for _, word := range []string{scaled.Name(), "euclidean", "--threshold"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

// DeepFace has all four, and they contradict each other (section 1.4 of the
// parity reference): the one of the metric counts, never a derived one.
func TestChooseThresholdTakesDeepFacesOwn(t *testing.T) {
	t.Parallel()
	for model, known := range deepface(t) {
		for _, metric := range metrics {
			got, err := search.ChooseThreshold(known, metric, plane)
			if want, _ := known.In(metric); err != nil || got != want || got.Curve == nil {
				t.Errorf("%s %s: %+v (%v), want %+v", model, metric, got, err, want)
			}
		}
	}
}
