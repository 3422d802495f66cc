package search_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func TestFind(t *testing.T) {
	t.Parallel()
	searcher := gallery(t, enrolled{"sample-02", 50}, enrolled{"sample-01", 10}, enrolled{"", 80}, enrolled{"sample-01", 12})
	result, err := searcher.Find(t.Context(), []face.Template{at(0), at(170)}, search.FindOptions{Threshold: half})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Results) != 2 || len(result.Probes) != 2 {
		t.Fatalf("%d lists and %d probes, want 2 of each", len(result.Results), len(result.Probes))
	}
	var images []string
	var decisions []search.Decision
	for _, m := range result.Results[0] {
		images, decisions = append(images, m.Image), append(decisions, m.Decision)
		if want := distance(t, face.Cosine, at(0).Vector, m.Vector); m.Distance != want || m.Threshold != 0.5 {
			t.Errorf("%s: distance %g of %g, want %g of 0.5", m.Image, m.Distance, m.Threshold, want)
		}
	}
	if want := []string{"1.jpg", "3.jpg", "0.jpg", "2.jpg"}; !slices.Equal(images, want) {
		t.Errorf("order %v, want %v", images, want)
	}
	// The third is within the threshold too, but somebody else's.
	if want := []search.Decision{search.Matched, search.Matched, search.Unknown, search.Unknown}; !slices.Equal(decisions, want) {
		t.Errorf("decisions %v, want %v", decisions, want)
	}
	first, second := result.Probes[0], result.Probes[1]
	if first.Decision != search.Matched || first.Identity != "sample-01" || first.Detection.Box != at(0).Detection.Box {
		t.Errorf("first probe: %+v, want sample-01 matched", first)
	}
	if second.Decision != search.Unknown || second.Identity != "" {
		t.Errorf("second probe: %+v, want nobody", second)
	}
	if s := result.Search; s.Plan.Plan != face.PlanExact || s.Rows != 4 || !s.Complete || s.Space != plane.Name() ||
		s.Gallery != face.DefaultGallery || s.Metric != face.Cosine || s.Threshold != 0.5 || s.ThresholdSource != half.Source {
		t.Errorf("search: %+v", s)
	}
}

// A rival beyond K, hidden behind many photographs of the best identity, still
// makes the probe ambiguous.
func TestFindSeesTheRivalBehindManyPhotographs(t *testing.T) {
	t.Parallel()
	faces := []enrolled{{"sample-02", 40.5}}
	for i := range 35 {
		faces = append(faces, enrolled{"sample-01", 40 + float64(i)/100})
	}
	searcher := gallery(t, faces...)
	for _, k := range []int{1, 7, 100} {
		result, err := searcher.Find(t.Context(), []face.Template{at(0)}, search.FindOptions{K: k, Threshold: half})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Probes[0].Decision; got != search.Ambiguous || result.Probes[0].Identity != "" {
			t.Errorf("k %d: %+v, want ambiguous", k, result.Probes[0])
		}
		if got, want := len(result.Results[0]), min(k, 36); got != want {
			t.Errorf("k %d: %d candidates, want %d", k, got, want)
		}
	}
}

// Find and Verify give the same figure for the same two faces.
func TestFindAgreesWithVerify(t *testing.T) {
	t.Parallel()
	searcher := gallery(t, enrolled{"sample-01", 33.3})
	for _, metric := range metrics {
		for _, degrees := range []float64{0, 33.3, 33.300001, 70, 213} {
			probe := at(degrees)
			found, err := searcher.Find(t.Context(), []face.Template{probe}, search.FindOptions{Metric: metric, Threshold: half})
			if err != nil {
				t.Fatal(err)
			}
			verified, err := search.Verify(photo(probe), photo(at(33.3)), search.VerifyOptions{Metric: metric, Threshold: half})
			if err != nil {
				t.Fatal(err)
			}
			m := found.Results[0][0]
			if !near(m.Distance, verified.Distance, 1e-9) || m.Threshold != verified.Threshold ||
				m.Confidence != verified.Confidence || (m.Decision == search.Matched) != verified.Verified {
				t.Errorf("%s at %g: find %+v, verify %+v", metric, degrees, m, verified)
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	other := at(3)
	other.Space.Recognizer = "Other"
	scaled := at(3)
	scaled.Space.Unit = false
	searcher := gallery(t, enrolled{"sample-01", 10})
	for _, c := range []struct {
		name   string
		probes []face.Template
		opts   search.FindOptions
		want   face.Code
	}{
		{"no probe", nil, search.FindOptions{Threshold: half}, face.Invalid},
		{"two spaces", []face.Template{at(1), other}, search.FindOptions{Threshold: half}, face.Mismatch},
		{"negative k", []face.Template{at(1)}, search.FindOptions{K: -1, Threshold: half}, face.Invalid},
		{"no threshold", []face.Template{at(1)}, search.FindOptions{}, face.Invalid},
		{"unknown metric", []face.Template{at(1)}, search.FindOptions{Metric: "taxicab", Threshold: half}, face.Invalid},
		{"no raw threshold", []face.Template{scaled}, search.FindOptions{Metric: face.Euclidean, Threshold: half}, face.Invalid},
		{"unknown gallery", []face.Template{at(1)}, search.FindOptions{Gallery: "nowhere", Threshold: half}, face.NotFound},
		{"unknown space", []face.Template{other}, search.FindOptions{Threshold: half}, face.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := searcher.Find(t.Context(), c.probes, c.opts)
			wantCode(t, err, c.want)
		})
	}
	_, err := search.NewSearcher(search.Config{})
	wantCode(t, err, face.Invalid)
}

// galleryFunc is a Gallery in one function.
type galleryFunc func(q face.Query) ([]face.Candidate, face.Plan, error)

func (f galleryFunc) Nearest(_ context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	return f(q)
}

func (f galleryFunc) NearestAll(_ context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	answers := make([]face.Answer, len(probes))
	for i := range probes {
		var err error
		q.Probe = probes[i]
		if answers[i].Candidates, answers[i].Plan, err = f(q); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// An index proposes in the order of its own rough distances; Find puts the
// candidates right, equal ones by face id, and passes the query on unchanged.
func TestFindSortsWhatAnIndexProposes(t *testing.T) {
	t.Parallel()
	proposed := []face.Candidate{
		{FaceID: "d", Identity: "far", Vector: at(50).Vector},
		{FaceID: "c", Identity: "twin", Vector: at(20).Vector},
		{FaceID: "b", Identity: "twin", Vector: at(20).Vector},
		{FaceID: "a", Identity: "near", Vector: at(10).Vector},
	}
	var asked face.Query
	searcher, err := search.NewSearcher(search.Config{Gallery: galleryFunc(func(q face.Query) ([]face.Candidate, face.Plan, error) {
		asked = q
		plan := face.Plan{Plan: face.PlanExact, Rows: 4, Complete: true}
		if q.Probe[1] > 0 {
			plan = face.Plan{Plan: face.PlanHNSW, Rows: 5, EfSearch: 100}
		}
		return proposed, plan, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	opts := search.FindOptions{Gallery: "g", K: 3, Metric: face.Angular, Threshold: half, Exact: true}
	result, err := searcher.Find(t.Context(), []face.Template{at(1), at(0)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range result.Results[0] {
		ids = append(ids, m.FaceID)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(ids, want) {
		t.Errorf("order %v, want %v", ids, want)
	}
	if asked.Gallery != "g" || asked.Metric != face.Angular || !asked.Exact || asked.Space != plane || asked.Limit < 3 {
		t.Errorf("asked %+v", asked)
	}
	if p := result.Search.Plan; p.Plan != face.PlanHNSW || p.EfSearch != 100 || p.Rows != 5 || p.Complete {
		t.Errorf("plan %+v, want the weaker of the two", p)
	}
}

func TestFindReturnsTheGallerysError(t *testing.T) {
	t.Parallel()
	down := face.Errorf(face.Unavailable, "the database does not answer")
	broken := []face.Candidate{{FaceID: "f7", Vector: []float32{1, 2, 3}}}
	for want, answer := range map[face.Code]galleryFunc{
		face.Unavailable: func(face.Query) ([]face.Candidate, face.Plan, error) { return nil, face.Plan{}, down },
		face.Mismatch:    func(face.Query) ([]face.Candidate, face.Plan, error) { return broken, face.Plan{}, nil },
	} {
		searcher, err := search.NewSearcher(search.Config{Gallery: answer})
		if err != nil {
			t.Fatal(err)
		}
		_, err = searcher.Find(t.Context(), []face.Template{at(1)}, search.FindOptions{Threshold: half})
		wantCode(t, err, want)
		if want == face.Unavailable && !errors.Is(err, down) {
			t.Errorf("error %v has lost its cause", err)
		}
		if want == face.Mismatch && !strings.Contains(err.Error(), "f7") {
			t.Errorf("error %v does not name the face", err)
		}
	}
}

func TestFindJSON(t *testing.T) {
	t.Parallel()
	result, err := gallery(t, enrolled{"sample-01", 60}).Find(t.Context(), []face.Template{at(0)}, search.FindOptions{
		Threshold: face.Threshold{Metric: face.Cosine, Distance: 0.75, Source: "s"}, Detector: "yunet",
	})
	if err != nil {
		t.Fatal(err)
	}
	result.Results[0][0].Distance = 0.5
	got, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"results":[[{"face_id":"00000000-0000-4000-8000-000000000001","identity":"sample-01","image":"0.jpg",` +
		`"box":{"x1":10,"y1":20,"x2":110,"y2":140},"distance":0.5,"threshold":0.75,"confidence":66.67,"decision":"match"}]],` +
		`"probes":[{"detection":{"box":{"x1":10,"y1":20,"x2":110,"y2":140},"confidence":0.9},"decision":"match","identity":"sample-01"}],` +
		fmt.Sprintf(`"search":{"plan":"exact","rows":1,"complete":true,"gallery":"default","by":"face","model":"Plane","detector":"yunet","space":%q,`, plane.Name()) +
		`"metric":"cosine","threshold":0.75,"threshold_source":"s"}}`
	if string(got) != want {
		t.Errorf("JSON\n%s\nwant\n%s", got, want)
	}
}

func TestFindInAnEmptyGalleryIsUnknown(t *testing.T) {
	t.Parallel()
	result, err := gallery(t).Find(t.Context(), []face.Template{at(0)}, search.FindOptions{Threshold: half})
	if err != nil {
		t.Fatal(err)
	}
	if result.Probes[0].Decision != search.Unknown || result.Results[0] == nil || len(result.Results[0]) != 0 {
		t.Errorf("%+v, want unknown and an empty list", result)
	}
}
