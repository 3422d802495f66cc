package search_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// rows are an answer's rows as "identity/photograph".
func rows(matches []search.Match) []string {
	list := make([]string, len(matches))
	for i, m := range matches {
		list[i] = m.Identity + "/" + m.Image
	}
	return list
}

func byIdentity(t *testing.T, s *search.Searcher, opts search.FindOptions) search.FindResult {
	t.Helper()
	opts.By, opts.Threshold = search.ByIdentity, half
	result, err := s.Find(t.Context(), []face.Template{at(0)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestFindByIdentity(t *testing.T) {
	t.Parallel()
	searcher := gallery(t, enrolled{"ann", 20}, enrolled{"bob", 30}, enrolled{"ann", 22}, enrolled{"", 25}, enrolled{"", 26}, enrolled{"bob", 80}, enrolled{"eve", 100})
	result := byIdentity(t, searcher, search.FindOptions{})
	if want := []string{"ann/0.jpg", "/3.jpg", "/4.jpg", "bob/1.jpg", "eve/6.jpg"}; !slices.Equal(rows(result.Results[0]), want) {
		t.Errorf("rows %v, want %v", rows(result.Results[0]), want)
	}
	for _, m := range result.Results[0] {
		if want := distance(t, face.Cosine, at(0).Vector, m.Vector); m.Distance != want || m.Templates != 1 {
			t.Errorf("%s: %g of %d templates, want its nearest's %g", m.Identity, m.Distance, m.Templates, want)
		}
	}
	if s := result.Search; s.By != search.ByIdentity || s.Top != 1 {
		t.Errorf("search %+v", s)
	}
}

// The mean of the two nearest puts bob, whose photographs are alike, before ann,
// who has one that is nearer. A single photograph is its own mean.
func TestFindByIdentityMean(t *testing.T) {
	t.Parallel()
	searcher := gallery(t, enrolled{"ann", 10}, enrolled{"bob", 30}, enrolled{"ann", 50}, enrolled{"bob", 31}, enrolled{"bob", 170},
		enrolled{"one", 40}, enrolled{"", 45}, enrolled{"ann", 90})
	for _, metric := range metrics {
		result := byIdentity(t, searcher, search.FindOptions{Top: 2, Metric: metric, K: 3})
		got := result.Results[0]
		if want := []string{"bob/1.jpg", "ann/0.jpg", "one/5.jpg"}; metric == face.Cosine && !slices.Equal(rows(got), want) {
			t.Errorf("rows %v, want %v", rows(got), want)
		}
		for _, m := range got {
			var want float64
			switch m.Identity {
			case "ann":
				want = (distance(t, metric, at(0).Vector, at(10).Vector) + distance(t, metric, at(0).Vector, at(50).Vector)) / 2
			case "bob":
				want = (distance(t, metric, at(0).Vector, at(30).Vector) + distance(t, metric, at(0).Vector, at(31).Vector)) / 2
			case "one":
				want = distance(t, metric, at(0).Vector, at(40).Vector)
			}
			if !near(m.Distance, want, 1e-12) || m.Confidence != search.Confidence(face.Threshold{Metric: metric, Distance: m.Threshold}, m.Distance) {
				t.Errorf("%s by %s: %g, want %g", m.Identity, metric, m.Distance, want)
			}
		}
	}
}

// People behind many photographs of others are found too, and the K rows are K
// people.
func TestFindByIdentityLooksBehindManyPhotographs(t *testing.T) {
	t.Parallel()
	var faces []enrolled
	for i := range 200 {
		faces = append(faces, enrolled{"crowd", 10 + float64(i)/100})
	}
	faces = append(faces, enrolled{"ann", 20}, enrolled{"bob", 30}, enrolled{"eve", 40})
	searcher := gallery(t, faces...)
	for _, top := range []int{1, 3, 500} {
		result := byIdentity(t, searcher, search.FindOptions{K: 3, Top: top})
		want := []string{"crowd/0.jpg", "ann/200.jpg", "bob/201.jpg"}
		if got := rows(result.Results[0]); !slices.Equal(got, want) || !result.Search.Complete {
			t.Errorf("top %d: rows %v, complete %t, want %v", top, got, result.Search.Complete, want)
		}
		if got := result.Results[0][0].Templates; got != min(top, 200) {
			t.Errorf("top %d: the mean is of %d templates", top, got)
		}
	}
}

// Decisions are by the rows' distances: a near photograph whose fellows are far
// is no match by the mean, and two people with level means are ambiguous.
func TestDecisionsByMean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		faces []enrolled
		top   int
		want  search.Decision
	}{
		{[]enrolled{{"ann", 10}, {"ann", 100}}, 1, search.Matched},
		{[]enrolled{{"ann", 10}, {"ann", 100}}, 2, search.Unknown},
		{[]enrolled{{"ann", 20}, {"ann", 40}, {"bob", 25}, {"bob", 36.5}}, 2, search.Ambiguous},
		{[]enrolled{{"ann", 20}, {"ann", 40}, {"bob", 25}, {"bob", 36.5}}, 1, search.Matched},
	} {
		result := byIdentity(t, gallery(t, c.faces...), search.FindOptions{Top: c.top})
		if got := result.Probes[0].Decision; got != c.want {
			t.Errorf("%v of %d: %s, want %s", c.faces, c.top, got, c.want)
		}
	}
}

func TestFindRefusesRows(t *testing.T) {
	t.Parallel()
	searcher := gallery(t, enrolled{"ann", 10})
	for _, opts := range []search.FindOptions{{By: "person"}, {Top: -1, By: search.ByIdentity}, {Top: 2}, {Filter: face.Filter{Metadata: []byte(`[`)}}} {
		opts.Threshold = half
		_, err := searcher.Find(t.Context(), []face.Template{at(1)}, opts)
		wantCode(t, err, face.Invalid)
	}
}

// counted counts round trips and what they ask for.
type counted struct {
	search.Gallery
	asked []int // probes, of each round trip
	limit []int
}

func (c *counted) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	c.asked, c.limit = append(c.asked, len(probes)), append(c.limit, q.Limit)
	return c.Gallery.NearestAll(ctx, q, probes)
}

// All faces of a photograph are searched at once, and only those whose decision
// hangs on candidates beyond are searched again.
func TestFindSearchesAllProbesAtOnce(t *testing.T) {
	t.Parallel()
	store := search.NewExact()
	for i := range 60 {
		enrol(t, store, "near", fmt.Sprintf("a%02d.jpg", i), float64(i)/100)
		enrol(t, store, fmt.Sprintf("far-%02d", i), fmt.Sprintf("b%02d.jpg", i), 180+float64(i)/100)
	}
	c := &counted{Gallery: store}
	searcher, err := search.NewSearcher(search.Config{Gallery: c})
	if err != nil {
		t.Fatal(err)
	}
	result, err := searcher.Find(t.Context(), []face.Template{at(200), at(0), at(90), at(185)}, search.FindOptions{Threshold: half})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{4, 1, 1, 1}; !slices.Equal(c.asked, want) || !slices.Equal(c.limit, []int{10, 20, 40, 80}) {
		t.Errorf("asked for %v probes with limits %v, want %v", c.asked, c.limit, want)
	}
	var got []search.Decision
	for i, p := range result.Probes {
		got = append(got, p.Decision)
		if len(result.Results[i]) != search.DefaultK {
			t.Errorf("probe %d has %d candidates", i, len(result.Results[i]))
		}
	}
	if want := []search.Decision{search.Ambiguous, search.Matched, search.Unknown, search.Ambiguous}; !slices.Equal(got, want) {
		t.Errorf("decisions %v, want %v", got, want)
	}
}

// A search that would have to look beyond the most candidates says that it did
// not.
func TestFindEndsAtTheMostCandidates(t *testing.T) {
	t.Parallel()
	store := search.NewExact()
	var faces []face.Template
	for i := range face.MostCandidates + 1 {
		faces = append(faces, at(float64(i)/1e5))
	}
	err := store.Enrol(face.DefaultGallery, face.Enrolment{Image: face.Image{Path: "a", Identity: "ann"}, Space: plane, Templates: faces})
	if err != nil {
		t.Fatal(err)
	}
	enrol(t, store, "bob", "b", 1)
	searcher, err := search.NewSearcher(search.Config{Gallery: store})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts     search.FindOptions
		complete bool
	}{
		{search.FindOptions{K: 5}, false},
		{search.FindOptions{K: 2, By: search.ByIdentity}, false},
		{search.FindOptions{K: 5, Filter: face.Filter{Excluded: []string{"ann"}}}, true},
		{search.FindOptions{K: face.MostCandidates + 2}, true},
	} {
		c.opts.Threshold = half
		result, err := searcher.Find(t.Context(), []face.Template{at(0)}, c.opts)
		if err != nil || result.Search.Complete != c.complete {
			t.Errorf("%+v: complete %t (%v), want %t", c.opts, result.Search.Complete, err, c.complete)
		}
	}
}

func enrol(t *testing.T, store *search.Exact, identity, image string, degrees float64) {
	t.Helper()
	err := store.Enrol(face.DefaultGallery, face.Enrolment{
		Image: face.Image{Path: image, Identity: identity}, Space: plane, Templates: []face.Template{at(degrees)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	merged, err := search.Merge([]face.Template{at(10), at(30), at(50)})
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(t, face.Angular, merged.Vector, at(30).Vector); d > 1e-7 {
		t.Errorf("the merged template is %g half turns from the middle", d)
	}
	if length := math.Hypot(float64(merged.Vector[0]), float64(merged.Vector[1])); !near(length, 1, 1e-6) {
		t.Errorf("the merged template has length %g", length)
	}
	if merged.Space != plane || merged.Detection.Confidence != 0.9 {
		t.Errorf("merged %+v", merged)
	}
	free := plane
	free.Unit = false
	long, err := search.Merge([]face.Template{{Space: free, Vector: []float32{2, 0}}, {Space: free, Vector: []float32{4, 2}}})
	if err != nil || !slices.Equal(long.Vector, []float32{3, 1}) {
		t.Errorf("%v (%v), want the mean 3, 1", long.Vector, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	other := at(3)
	other.Space.Recognizer = "Other"
	for name, c := range map[string]struct {
		templates []face.Template
		want      face.Code
	}{
		"none":            {nil, face.Invalid},
		"two spaces":      {[]face.Template{at(1), other}, face.Mismatch},
		"wrong dimension": {[]face.Template{at(1), {Space: plane, Vector: []float32{1, 0, 0}}}, face.Mismatch},
		"zero":            {[]face.Template{at(1), {Space: plane, Vector: []float32{0, 0}}}, face.Invalid},
		"NaN":             {[]face.Template{at(1), {Space: plane, Vector: []float32{float32(math.NaN()), 0}}}, face.Invalid},
		"opposites":       {[]face.Template{{Space: plane, Vector: []float32{1, 0}}, {Space: plane, Vector: []float32{-1, 0}}}, face.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := search.Merge(c.templates)
			wantCode(t, err, c.want)
		})
	}
}
