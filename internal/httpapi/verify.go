package httpapi

import (
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// verify answers POST /verify: whether img1 and img2 show the same person. Either
// may be a template instead of a photograph.
func (s *Server) verify(c echo.Context) error {
	begun := time.Now()
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, metric := modelsOf(f), wantedOf(f), metricOf(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	threshold, err := thresholdOf(f, e, metric)
	if err != nil {
		return err
	}
	var photos [2]face.Photo
	for i, name := range []string{"img1", "img2"} {
		if photos[i], err = s.faces(ctx, f, name, e, want); err != nil {
			return err
		}
	}
	answer, err := search.Verify(photos[0], photos[1], search.VerifyOptions{Metric: metric, Threshold: threshold, Detector: e.Detector()})
	if err != nil {
		return err
	}
	answer.Time = math.Round(time.Since(begun).Seconds()*100) / 100
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, answer)
}

// thresholdOf is the caller's, or else the model's own.
func thresholdOf(f *fields, e Embedder, metric face.Metric) (face.Threshold, error) {
	if f.given("threshold") {
		given := face.Threshold{Metric: metric, Distance: f.number("threshold", 0), Source: "the caller"}
		if f.err != nil {
			return face.Threshold{}, f.err
		}
		return search.ConvertThreshold(given, metric, e.Space())
	}
	return search.ChooseThreshold(e.Thresholds(), metric, e.Space())
}
