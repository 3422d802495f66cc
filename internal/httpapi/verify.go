package httpapi

import (
	"context"
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
	choice, want, metric := modelsOf(f), wantedOf(f, search.RejectSpoofs), metricOf(f)
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
	photos, spoofs, err := s.pair(ctx, f, e, want)
	if err != nil {
		return err
	}
	answer, err := search.Verify(photos[0], photos[1], search.VerifyOptions{Metric: metric, Threshold: threshold, Detector: e.Detector()})
	if err != nil {
		return err
	}
	answer.Spoofs = spoofs
	answer.Time = math.Round(time.Since(begun).Seconds()*100) / 100
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, answer)
}

// pair are the faces of img1 and img2 that count, and those that do not. At least one
// must be a photograph where faces are to be told from pictures of faces.
func (s *Server) pair(ctx context.Context, f *fields, e Embedder, want wanted) (photos [2]face.Photo, spoofs []search.Spoof, err error) {
	templates := 0
	for i, name := range []string{"img1", "img2"} {
		one, err := s.single(ctx, f, name)
		if err != nil {
			return photos, nil, err
		}
		var without []search.Spoof
		if photos[i], without, err = one.faces(ctx, e, name, want); err != nil {
			return photos, nil, err
		}
		spoofs = append(spoofs, without...)
		if one.vector != nil {
			templates++
		}
	}
	if templates == len(photos) && want.Liveness {
		return photos, nil, noneToTell("both img1 and img2")
	}
	return photos, spoofs, nil
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
