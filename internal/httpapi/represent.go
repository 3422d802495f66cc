package httpapi

import (
	"context"
	"net/http"
	"slices"

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
	choice, want := modelsOf(f), wantedOf(f, search.RejectSpoofs)
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
	lists, without := make([][]search.Representation, len(photos)), []search.Spoof(nil)
	for i, one := range photos {
		photo, all, err := how.of(ctx, e, one, want.Wanted, &left)
		if err != nil {
			return err
		}
		_, spoofs, err := want.spoofs.Sift(one.among(photos), photo)
		if err != nil {
			return one.about(err)
		}
		lists[i], without = slices.DeleteFunc(all, func(r search.Representation) bool { return want.spoofs.LeavesOut(r.Liveness) }), append(without, spoofs...)
	}
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, perPhotograph(lists, without))
}

// of shows the faces of one photograph.
func (r representing) of(ctx context.Context, e Embedder, one sent, want Wanted, left *allowance) (photo face.Photo, shown []search.Representation, err error) {
	if one.vector != nil {
		return photo, nil, noPhotograph(one.name)
	}
	options := search.RepresentOptions{Unit: r.unit, Detector: e.Detector()}
	if ends, ok := e.Range(); r.minMax && ok {
		options.MinMax = &ends
	}
	var fed Fed
	if r.fed {
		photo, fed, err = e.FacesFed(ctx, one.photo, want)
	} else {
		photo, err = e.Faces(ctx, one.photo, want)
	}
	if err != nil {
		return photo, nil, one.about(err)
	}
	shown = search.Represent(photo, options)
	for i, values := range fed.Values {
		if err := left.take(len(values), 0); err != nil {
			return photo, nil, one.about(err)
		}
		shown[i].Face, shown[i].Shape = values, fed.Shape
	}
	return photo, shown, nil
}
