package search_test

import (
	"fmt"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func TestConfidence(t *testing.T) {
	t.Parallel()
	cosine := face.Threshold{Metric: face.Cosine, Distance: 0.6}
	for _, c := range []struct {
		t    face.Threshold
		d    float64
		want float64
	}{
		{cosine, 0, 100},
		{cosine, 0.3, 75},
		{cosine, 0.6, 50},
		{cosine, 1.3, 25},
		{cosine, 2, 0},
		{face.Threshold{Metric: face.Angular, Distance: 0.4}, 0.7, 25},
		{face.Threshold{Metric: face.Angular, Distance: 0.4}, 1, 0},
		{face.Threshold{Metric: face.EuclideanL2, Distance: 1}, 1.5, 25},
		{face.Threshold{Metric: face.Euclidean, Distance: 10}, 5, 75},
		{face.Threshold{Metric: face.Euclidean, Distance: 10}, 20, 25},
		{face.Threshold{Metric: face.Euclidean, Distance: 10}, 1e9, 0},
		{face.Threshold{Metric: face.Cosine}, 0, 100},
		{face.Threshold{Metric: face.Cosine}, 1, 25},
		{face.Threshold{Metric: face.Cosine, Distance: 2}, 2, 50},
		{face.Threshold{Metric: face.Cosine, Distance: 2}, 2.5, 0},
	} {
		t.Run(fmt.Sprintf("%s %g at %g", c.t.Metric, c.t.Distance, c.d), func(t *testing.T) {
			t.Parallel()
			if got := search.Confidence(c.t, c.d); got != c.want {
				t.Errorf("confidence %g, want %g", got, c.want)
			}
		})
	}
}

// The figure falls from 100 to 0 without ever rising or jumping.
func TestConfidenceIsSteady(t *testing.T) {
	t.Parallel()
	for metric, reach := range map[face.Metric]float64{
		face.Cosine: 2, face.EuclideanL2: 2, face.Angular: 1, face.Euclidean: 200,
	} {
		threshold := face.Threshold{Metric: metric, Distance: reach / 3}
		last := 100.0
		for step := range 1001 {
			got := search.Confidence(threshold, reach*float64(step)/1000)
			if got > last || last-got > 0.2 {
				t.Fatalf("%s: %g follows %g at step %d", metric, got, last, step)
			}
			last = got
		}
	}
}
