package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// extracted is one face as DeepFace's extract_faces answers it. What it has as face,
// numbers, is here on request; Crop is a picture in its stead.
type extracted struct {
	FacialArea search.FacialArea `json:"facial_area"`
	Confidence float32           `json:"confidence"`
	Crop       string            `json:"crop"`           // a PNG as a data URI
	Face       any               `json:"face,omitempty"` // rows of columns of channels
	Alignment  *Alignment        `json:"alignment"`      // null where it was not aligned onto a template
	Quality    face.Quality      `json:"quality"`
	Detector   string            `json:"detector_backend"`
}

// extract answers POST /extract: every face of img, cut out, or a list of them for
// each of several photographs.
func (s *Server) extract(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, how := modelsOf(f), wantedOf(f), numbersOf(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	cutter, giveBack, err := s.cfg.Models.LendCutter(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	photos, err := s.photographs(ctx, f, "img")
	if err != nil {
		return err
	}
	left := allowance{mostNumbers, mostCrops}
	lists := make([][]extracted, len(photos))
	for i, one := range photos {
		if lists[i], err = cut(ctx, cutter, one, want, how, &left); err != nil {
			return err
		}
	}
	giveBack() // before the answer, which the caller may read slowly
	if len(lists) == 1 {
		return c.JSON(http.StatusOK, map[string]any{"results": lists[0]})
	}
	return c.JSON(http.StatusOK, map[string]any{"results": lists})
}

func cut(ctx context.Context, cutter Cutter, one sent, want Wanted, how asNumbers, left *allowance) ([]extracted, error) {
	if one.vector != nil {
		return nil, noPhotograph(one.name)
	}
	found, err := cutter.Cut(ctx, one.photo, want)
	if err != nil {
		return nil, one.about(err)
	}
	faces := make([]extracted, len(found.Crops))
	for i, crop := range found.Crops {
		numbers, err := how.needs(crop.PNG)
		if err == nil {
			err = left.take(numbers, len(crop.PNG))
		}
		if err != nil {
			return nil, one.about(err)
		}
		faces[i] = extracted{
			FacialArea: search.NewFacialArea(crop.Detection, found.Width, found.Height), Confidence: crop.Detection.Confidence,
			Crop: "data:image/png;base64," + base64.StdEncoding.EncodeToString(crop.PNG), Alignment: crop.Alignment, Quality: crop.Quality, Detector: cutter.Detector(),
		}
		if faces[i].Face, err = how.of(crop.PNG); err != nil {
			return nil, err
		}
	}
	return faces, nil
}
