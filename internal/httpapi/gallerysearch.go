package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// sought is what to search for, and what its model is known by.
type sought struct {
	templates  []face.Template
	names      []string       // of the photograph of each, where there are several; else empty
	spoofs     []search.Spoof // that are left out
	detector   string
	thresholds face.Thresholds
}

// search answers POST /v1/galleries/{gallery}/search: who is on photographs, whose is
// a template, or whose faces are like one that is enrolled.
func (v v1) search(c echo.Context) error {
	gallery, err := galleryIn(c)
	if err != nil {
		return err
	}
	f, err := strictFields(c, "photo", "photos", "embedding", "face_id", "space", "model", "detector", "max_faces", "same_person",
		"anti_spoofing", "spoofs", "k", "metric", "threshold", "min_recall", "exact", "by", "top", "filter", "min_lsn")
	if err != nil {
		return err
	}
	opts := searchOptions(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	probes, err := v.sought(ctx, f)
	if err != nil {
		return err
	}
	opts.Gallery, opts.Detector = gallery, probes.detector
	if opts.K, err = rows(f, len(probes.templates), opts.K); err != nil {
		return err
	}
	if opts.Threshold, err = thresholdFor(f, probes, opts.Metric); err != nil {
		return err
	}
	result, err := v.searcher.Find(ctx, probes.templates, opts)
	if err != nil {
		return err
	}
	for i, name := range probes.names {
		result.Probes[i].Image = name
	}
	result.Spoofs = probes.spoofs
	return c.JSON(http.StatusOK, result)
}

// searchOptions reads how to search.
func searchOptions(f *fields) search.FindOptions {
	opts := search.FindOptions{
		K: f.whole("k", search.DefaultK), Metric: face.Metric(f.text("metric", string(face.Cosine))),
		By: search.By(f.text("by", string(search.ByFace))), Top: f.whole("top", 1),
		Exact: f.flag("exact", false), MinRecall: f.number("min_recall", 0), Least: f.position("min_lsn"),
	}
	f.into("filter", `an object with identities, not_identities (lists of names) or where (an object)`, &opts.Filter)
	if n := max(len(opts.Filter.Identities), len(opts.Filter.Excluded)); n > mostNames {
		f.refuse(face.Errorf(face.TooLarge, "the filter has %d names: send at most %d", n, mostNames))
	}
	if opts.K < 1 || opts.K > face.MostCandidates {
		f.wrongf("k must be from 1 to %d", face.MostCandidates)
	}
	if opts.Top < 1 || opts.Top > face.MostCandidates {
		f.wrongf("top must be from 1 to %d", face.MostCandidates)
	}
	return opts
}

// wrongf notes the first field that cannot be as it is.
func (f *fields) wrongf(format string, args ...any) {
	if f.err == nil {
		f.err = face.Errorf(face.Invalid, format, args...)
	}
}

// thresholdFor is the caller's threshold, or else the model's own.
func thresholdFor(f *fields, probes sought, metric face.Metric) (face.Threshold, error) {
	if f.sent("threshold") {
		t := face.Threshold{Metric: metric, Distance: f.number("threshold", 0), Source: "the caller"}
		return t, f.err
	}
	return search.ChooseThreshold(probes.thresholds, metric, probes.templates[0].Space)
}

// sought reads what to search for: exactly one of the fields for it.
func (v v1) sought(ctx context.Context, f *fields) (sought, error) {
	ways := 0
	for _, sent := range [...]bool{f.sent("photo") || f.sent("photos"), f.sent("embedding"), f.sent("face_id")} {
		if sent {
			ways++
		}
	}
	if ways != 1 {
		return sought{}, face.Errorf(face.Invalid, "send one of photo or photos, embedding, and face_id")
	}
	want := wanted{Wanted{MaxFaces: f.whole("max_faces", 0), Liveness: f.flag("anti_spoofing", false)}, spoofsOf(f, search.RejectSpoofs)}
	switch {
	case f.err != nil:
		return sought{}, f.err
	case want.Liveness && !f.sent("photo") && !f.sent("photos"):
		return sought{}, noneToTell("what is sent")
	case f.sent("embedding"):
		if err := f.ofPhotographs("embedding", "model", "detector", "max_faces", "same_person"); err != nil {
			return sought{}, err
		}
		t, err := v.sentTemplate(ctx, f)
		return v.known(t, err)
	case f.sent("face_id"):
		if err := f.ofPhotographs("face_id", "max_faces", "same_person"); err != nil {
			return sought{}, err
		}
		return v.storedTemplate(ctx, f)
	default:
		return v.photographed(ctx, f, want)
	}
}

// known adds the thresholds of a template's space.
func (v v1) known(t face.Template, err error) (sought, error) {
	if err != nil {
		return sought{}, err
	}
	thresholds, err := v.cfg.Resources.Catalog.Thresholds(t.Space)
	return sought{templates: []face.Template{t}, detector: t.Space.Detector, thresholds: thresholds}, err
}

// storedTemplate is that of the field face_id, in the space that is named or that of
// the model.
func (v v1) storedTemplate(ctx context.Context, f *fields) (sought, error) {
	id, name, choice := f.text("face_id", ""), f.text("space", ""), choiceOf(f)
	if f.err != nil {
		return sought{}, f.err
	}
	if err := v.reachesFace(ctx, id); err != nil {
		return sought{}, err
	}
	var space face.Space
	if name != "" {
		var err error
		if space, err = v.store().Space(ctx, name); err != nil {
			return sought{}, err
		}
	} else {
		e, giveBack, err := v.cfg.Models.Lend(ctx, choice)
		if err != nil {
			return sought{}, err
		}
		space = e.Space()
		giveBack()
	}
	return v.known(v.store().TemplateOf(ctx, id, space))
}

// photographed are the faces of photographs. One that cannot be used ends the search.
func (v v1) photographed(ctx context.Context, f *fields, want wanted) (sought, error) {
	choice := choiceOf(f)
	if want.MaxFaces < 0 {
		f.wrong("max_faces", "0, for all, or more")
	}
	same := samePerson(f, &want.Wanted)
	photos, err := v.uploads(ctx, f)
	if err != nil {
		return sought{}, err
	}
	e, giveBack, err := v.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return sought{}, err
	}
	defer giveBack()
	probes := sought{detector: e.Detector(), thresholds: e.Thresholds()}
	for i, photo := range photos {
		name := ""
		if len(photos) > 1 {
			name = photo.label(i)
		}
		seen, spoofs, err := photo.faces(ctx, e, name, want)
		if err != nil {
			return sought{}, face.Wrap(face.CodeOf(err), err, "photograph %d", i)
		}
		probes.templates, probes.spoofs = append(probes.templates, seen.Templates...), append(probes.spoofs, spoofs...)
		if name != "" && !same {
			probes.names = append(probes.names, slices.Repeat([]string{name}, len(seen.Templates))...)
		}
	}
	if same {
		one, err := search.Merge(probes.templates)
		probes.templates = []face.Template{one}
		return probes, err
	}
	return probes, nil
}
