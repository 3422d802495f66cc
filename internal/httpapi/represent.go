package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// representing is how a request wants templates shown.
type representing struct {
	minMax, unit, fed bool
}

// represent answers POST /represent: the template of every face of img or, where img
// is several photographs, a list of them for each.
func (s *Server) represent(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want := modelsOf(f), wantedOf(f)
	how := representing{f.flag("minmax_normalize", false), f.flag("l2_normalize", false), f.flag("return_face", false)}
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	photos, err := s.photographs(ctx, f, "img")
	if err != nil {
		return err
	}
	left := allowance{numbers: mostNumbers}
	lists := make([][]search.Representation, len(photos))
	for i, one := range photos {
		if lists[i], err = how.of(ctx, e, one, want, &left); err != nil {
			return err
		}
	}
	giveBack() // before the answer, which the caller may read slowly
	if len(lists) == 1 {
		return c.JSON(http.StatusOK, map[string]any{"results": lists[0]})
	}
	return c.JSON(http.StatusOK, map[string]any{"results": lists})
}

// of shows the faces of one photograph.
func (r representing) of(ctx context.Context, e Embedder, one sent, want Wanted, left *allowance) ([]search.Representation, error) {
	if one.vector != nil {
		return nil, noPhotograph(one.name)
	}
	options := search.RepresentOptions{Unit: r.unit, Detector: e.Detector()}
	if ends, ok := e.Range(); r.minMax && ok {
		options.MinMax = &ends
	}
	var photo face.Photo
	var fed Fed
	var err error
	if r.fed {
		photo, fed, err = e.FacesFed(ctx, one.photo, want)
	} else {
		photo, err = e.Faces(ctx, one.photo, want)
	}
	if err != nil {
		return nil, one.about(err)
	}
	shown := search.Represent(photo, options)
	for i, values := range fed.Values {
		if err := left.take(len(values), 0); err != nil {
			return nil, one.about(err)
		}
		shown[i].Face, shown[i].Shape = values, fed.Shape
	}
	return shown, nil
}
