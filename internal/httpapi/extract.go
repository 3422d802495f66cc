package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// extracted is one face as DeepFace's extract_faces answers it. What it has as face,
// numbers, is here on request; Crop is a picture in its stead.
type extracted struct {
	FacialArea     search.FacialArea `json:"facial_area"`
	Confidence     float32           `json:"confidence"`
	Crop           string            `json:"crop"`           // a PNG as a data URI
	Face           any               `json:"face,omitempty"` // rows of columns of channels
	Alignment      *Alignment        `json:"alignment"`      // null where it was not aligned onto a template
	Quality        face.Quality      `json:"quality"`
	Detector       string            `json:"detector_backend"`
	*face.Liveness                   // is_real and antispoof_score; absent where nobody asked
}

// extract answers POST /extract: every face of img, cut out, or a list of them for
// each of several photographs.
func (s *Server) extract(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, how := modelsOf(f), wantedOf(f, search.FlagSpoofs), numbersOf(f)
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
	lists, without := make([][]extracted, len(photos)), []search.Spoof(nil)
	for i, one := range photos {
		found, spoofs, err := cutOf(ctx, cutter, one, one.among(photos), want)
		if err != nil {
			return err
		}
		if lists[i], err = shown(cutter, one, found, how, &left); err != nil {
			return err
		}
		without = append(without, spoofs...)
	}
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, perPhotograph(lists, without))
}

// cutOf cuts out the faces of a photograph that count.
func cutOf(ctx context.Context, cutter Cutter, one sent, image string, want wanted) (Cut, []search.Spoof, error) {
	if one.vector != nil {
		return Cut{}, nil, noPhotograph(one.name)
	}
	found, err := cutter.Cut(ctx, one.photo, want.Wanted)
	if err != nil {
		return Cut{}, nil, one.about(err)
	}
	_, spoofs, err := want.spoofs.Sift(image, found.faces())
	found.Crops = slices.DeleteFunc(found.Crops, func(c Crop) bool { return want.spoofs.LeavesOut(c.Liveness) })
	return found, spoofs, one.about(err)
}

func shown(cutter Cutter, one sent, found Cut, how asNumbers, left *allowance) ([]extracted, error) {
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
			Crop: "data:image/png;base64," + base64.StdEncoding.EncodeToString(crop.PNG), Alignment: crop.Alignment, Quality: crop.Quality,
			Detector: cutter.Detector(), Liveness: crop.Liveness,
		}
		if faces[i].Face, err = how.of(crop.PNG); err != nil {
			return nil, err
		}
	}
	return faces, nil
}
