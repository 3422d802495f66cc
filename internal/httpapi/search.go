package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// How many candidates /search gives where k is not sent: DeepFace's default for its
// indexes, and a bound in the place of all for its exact search.
const (
	annRows   = 20
	exactRows = 1_000
)

// searched is a candidate as DeepFace's search answers it. The target is the face
// that was searched for, as there, and null for one that came as numbers.
type searched struct {
	ID         string      `json:"id"`
	Name       string      `json:"img_name"` // the identity, or the photograph of a face that belongs to none
	Model      string      `json:"model_name"`
	Detector   string      `json:"detector_backend"`
	Aligned    bool        `json:"aligned"`
	Normalized bool        `json:"l2_normalized"`
	Method     string      `json:"search_method"`
	X          *int        `json:"target_x"`
	Y          *int        `json:"target_y"`
	W          *int        `json:"target_w"`
	H          *int        `json:"target_h"`
	Threshold  float64     `json:"threshold"`
	Metric     face.Metric `json:"distance_metric"`
	Distance   float64     `json:"distance"`
	Confidence float64     `json:"confidence"`
}

// searching is how a request searches.
type searching struct {
	choice     Choice
	want       wanted
	metric     face.Metric
	method     string
	everything bool // candidates beyond the threshold too
	unit       bool
}

// searchingOf reads the fields of a search.
func searchingOf(f *fields) searching {
	how := searching{
		choice: modelsOf(f), want: wantedOf(f, search.RejectSpoofs), metric: metricOf(f), method: f.text("search_method", "exact"),
		everything: f.flag("similarity_search", false), unit: f.flag("l2_normalize", false),
	}
	if how.method != "exact" && how.method != "ann" {
		f.wrong("search_method", "exact or ann")
	}
	return how
}

// search answers POST /search: for every face of img the enrolled faces within the
// threshold or, as a similarity search, the nearest.
func (s *Server) search(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	how := searchingOf(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, how.choice)
	if err != nil {
		return err
	}
	defer giveBack()
	options, err := how.options(f, e)
	if err != nil {
		return err
	}
	found, err := s.probesOf(ctx, f, e, how.want)
	if err != nil {
		return err
	}
	if options.K, err = rows(f, len(found.templates), how.rows()); err != nil {
		return err
	}
	result, err := s.searcher.Find(ctx, found.templates, options)
	if err != nil {
		return err
	}
	lists := how.answer(result, found.areas, e)
	giveBack() // before the answer, which the caller may read slowly
	answer := map[string]any{"results": lists, "search": result.Search, "k": options.K}
	if how.want.Liveness {
		answer["liveness"] = livenessOf(result.Probes)
	}
	if len(found.spoofs) > 0 {
		answer["spoofs"] = found.spoofs
	}
	return c.JSON(http.StatusOK, answer)
}

// livenessOf says of each face that was searched for whether it is live.
func livenessOf(found []search.Probe) []*face.Liveness {
	said := make([]*face.Liveness, len(found))
	for i, probe := range found {
		said[i] = probe.Liveness
	}
	return said
}

func (how searching) rows() int {
	if how.method == "ann" {
		return annRows
	}
	return exactRows
}

func (how searching) options(f *fields, e Embedder) (search.FindOptions, error) {
	threshold, err := thresholdOf(f, e, how.metric)
	return search.FindOptions{
		Gallery: galleryOf(f), Metric: how.metric, Threshold: threshold, Exact: how.method == "exact", Detector: e.Detector(),
	}, err
}

// answer is a list for each face, in their order, empty where nobody is near.
func (how searching) answer(result search.FindResult, areas []*search.FacialArea, e Embedder) [][]searched {
	lists := make([][]searched, len(result.Results))
	for i, matches := range result.Results {
		lists[i] = []searched{}
		for _, m := range matches {
			if !how.everything && m.Distance > m.Threshold {
				break // nearest first
			}
			one := searched{
				ID: m.FaceID, Name: m.Identity, Model: e.Recognizer(), Detector: e.Detector(),
				Aligned: !how.choice.Unaligned, Normalized: how.unit || e.Space().Unit, Method: how.method,
				Threshold: m.Threshold, Metric: how.metric, Distance: m.Distance, Confidence: m.Confidence,
			}
			if one.Name == "" {
				one.Name = m.Image
			}
			if area := areas[i]; area != nil {
				one.X, one.Y, one.W, one.H = &area.X, &area.Y, &area.W, &area.H
			}
			lists[i] = append(lists[i], one)
		}
	}
	return lists
}
