package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// mostNames is how many identities a filter may name.
const mostNames = 1_000

// find answers POST /find: who the faces of img are, as visage find --json prints it.
func (s *Server) find(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, options := modelsOf(f), wantedOf(f, search.RejectSpoofs), findOptions(f)
	same := samePerson(f, &want.Wanted)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	options.Detector = e.Detector()
	if options.Threshold, err = thresholdOf(f, e, options.Metric); err != nil {
		return err
	}
	found, err := s.probesOf(ctx, f, e, want)
	if err == nil && same {
		found, err = found.joined()
	}
	if err != nil {
		return err
	}
	if options.K, err = rows(f, len(found.templates), search.DefaultK); err != nil {
		return err
	}
	result, err := s.searcher.Find(ctx, found.templates, options)
	if err != nil {
		return err
	}
	for i, image := range found.images {
		result.Probes[i].Image = image
	}
	result.Spoofs = found.spoofs
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, result)
}

// findOptions reads what does not depend on the models.
func findOptions(f *fields) search.FindOptions {
	options := search.FindOptions{
		Gallery: galleryOf(f), Metric: metricOf(f), Exact: f.flag("exact", false), Top: f.whole("top", 1),
		Least: f.position("min_lsn"), MinRecall: f.number("min_recall", face.DefaultMinRecall), By: search.By(f.text("by", string(search.ByFace))),
		Filter: face.Filter{
			Identities: f.texts("identities", mostNames), Excluded: f.texts("not_identities", mostNames), Metadata: f.object("where"),
		},
	}
	if !(options.MinRecall > 0 && options.MinRecall <= 1) {
		f.wrong("min_recall", "a share above 0 and up to 1")
	}
	if options.Top < 1 || options.Top > 1 && options.By != search.ByIdentity {
		f.wrong("top", "1, or more with by=identity")
	}
	if _, err := search.ParseBy(string(options.By)); err != nil {
		f.refuse(face.Wrap(face.Invalid, err, "by"))
	}
	if err := options.Filter.Check(); err != nil {
		f.refuse(face.Wrap(face.Invalid, err, "where"))
	}
	return options
}

// object is a JSON object, or the text of one; nil for none.
func (f *fields) object(name string) json.RawMessage {
	if text := f.raw(name); text != "" {
		return json.RawMessage(text)
	}
	return nil
}
