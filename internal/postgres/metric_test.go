package postgres_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// distance is DeepFace's definition of the metrics in float64.
func distance(metric face.Metric, a, b []float32) float64 {
	var dot, aa, bb, diff float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb, diff = dot+x*y, aa+x*x, bb+y*y, diff+(x-y)*(x-y)
	}
	cosine := max(-1, min(1, dot/math.Sqrt(aa*bb)))
	switch metric {
	case face.Euclidean:
		return math.Sqrt(diff)
	case face.EuclideanL2:
		return math.Sqrt(max(0, 2-2*cosine))
	case face.Angular:
		return math.Acos(cosine) / math.Pi
	default:
		return 1 - cosine
	}
}

// TestMetrics compares the database's distances with those computed here, for
// spaces with and without unit length and up to a dimension that has no index.
func TestMetrics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, s := range []face.Space{space("A", 64, true), space("B", 512, true), space("C", 128, false), space("D", 4096, true)} {
		var batch []face.Enrolment
		vectors := map[string][]float32{}
		for i := range 40 {
			e := photo(fmt.Sprint("/", i), "sample-01", s, uint64(i))
			batch, vectors[e.Image.Path] = append(batch, e), e.Templates[0].Vector
		}
		b.ok(b.db.Enrol(t.Context(), s.Recognizer, batch))
		for _, probe := range [][]float32{vector(77, s.Dim, 1), vector(78, s.Dim, 3.5), batch[5].Templates[0].Vector} {
			for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
				rows, _ := b.sql.Query(t.Context(), `SELECT image, distance FROM visage.nearest($1, 40, $2, $3, $4)`,
					asText(probe), s.Name(), s.Recognizer, string(metric))
				last, n := -1.0, 0
				var path string
				var got float64
				_, err := pgx.ForEachRow(rows, []any{&path, &got}, func() error {
					want := distance(metric, probe, vectors[path])
					if math.Abs(got-want) > 1e-6*max(1, want) {
						t.Errorf("%s, %s, %s: distance %.9f, want %.9f", s.Recognizer, metric, path, got, want)
					}
					if got < last {
						t.Errorf("%s, %s: %g after %g", s.Recognizer, metric, got, last)
					}
					last, n = got, n+1
					return nil
				})
				if err != nil || n != 40 {
					t.Errorf("%s, %s: %d rows (%v), want 40", s.Recognizer, metric, n, err)
				}
			}
		}
	}
}

func TestDistanceAtTheEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		a, b, metric string
		want         float64
	}{
		{"[3,4]", "[3,4]", "cosine", 0}, {"[3,4]", "[6,8]", "angular", 0}, {"[3,4]", "[6,8]", "euclidean_l2", 0}, {"[3,4]", "[6,8]", "euclidean", 5},
		{"[3,4]", "[-3,-4]", "cosine", 2}, {"[3,4]", "[-3,-4]", "angular", 1}, {"[3,4]", "[-6,-8]", "euclidean_l2", 2},
		{"[1,0]", "[0,2]", "cosine", 1}, {"[1,0]", "[0,2]", "angular", 0.5}, {"[1,0]", "[0,2]", "euclidean_l2", math.Sqrt2},
		{"[1,0]", "[1,1e-4]", "angular", 1e-4 / math.Pi}, {"[1,0]", "[-1,1e-4]", "angular", 1 - 1e-4/math.Pi},
	} {
		got := one[float64](b, `SELECT visage.distance($1::text::vector, $2::text::vector, $3)`, c.a, c.b, c.metric)
		if math.Abs(got-c.want) > 1e-7 {
			t.Errorf("%s of %s and %s is %.12f, want %.12f", c.metric, c.a, c.b, got, c.want)
		}
	}
	b.refused("22023", "", `SELECT visage.distance('[1]', '[1]', 'x')`)
	b.refused("22000", "", `SELECT visage.distance('[1]', '[1,2]', 'cosine')`)
}
