package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// changeIndex answers POST /v1/indexes: an index of a space is built in the
// background, dropped, or planned for.
func (v v1) changeIndex(c echo.Context) error {
	f, err := strictFields(c, "action", "space", "metric", "m", "ef_construction", "memory", "rows")
	if err != nil {
		return err
	}
	action := f.text("action", "build")
	order := IndexOrder{
		Space: f.text("space", ""), Metric: face.Metric(f.text("metric", string(face.Cosine))), M: f.whole("m", 0),
		EfConstruction: f.whole("ef_construction", 0), Memory: f.text("memory", ""), Rows: int64(f.whole("rows", 0)),
	}
	if order.Rows < 0 {
		f.wrong("rows", "0, for those that there are, or more")
	}
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	if _, err := v.spaceField(ctx, order.Space, order.Metric); err != nil {
		return err
	}
	switch indexes := v.cfg.Resources.Indexes; action {
	case "plan":
		return answerWith(c, order, indexes.PlanIndex)
	case "drop":
		return answerWith(c, order, indexes.DropIndex)
	case "build":
		if _, err := indexes.PlanIndex(ctx, order); err != nil { // it says at once what cannot be
			return err
		}
		one, err := v.running.begin("build_index", order.Space, func(ctx context.Context, tell func(Progress)) (any, error) {
			return indexes.BuildIndex(ctx, order, tell)
		})
		if err != nil {
			return err
		}
		return accepted(c, one)
	default:
		return face.Errorf(face.Invalid, "action must be build, drop or plan")
	}
}

func answerWith(c echo.Context, order IndexOrder, do func(context.Context, IndexOrder) (any, error)) error {
	answer, err := do(c.Request().Context(), order)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

// spaceField looks up the space that is named, and checks the metric.
func (v v1) spaceField(ctx context.Context, name string, metric face.Metric) (face.Space, error) {
	if name == "" {
		return face.Space{}, face.Errorf(face.Invalid, "space is missing: name one of /v1/spaces")
	}
	if err := face.CheckName("space", name); err != nil {
		return face.Space{}, err
	}
	if _, err := face.ParseMetric(string(metric)); err != nil {
		return face.Space{}, err
	}
	return v.store().Space(ctx, name)
}

// mostProbes bounds how long a measurement takes.
const mostProbes = 10_000

// measureRecall answers POST /v1/recall: the recall of a space's index is measured in
// the background and kept.
func (v v1) measureRecall(c echo.Context) error {
	f, err := strictFields(c, "space", "metric", "gallery", "probes", "seed")
	if err != nil {
		return err
	}
	order := RecallOrder{
		Space: f.text("space", ""), Metric: face.Metric(f.text("metric", string(face.Cosine))), Gallery: f.text("gallery", ""),
		Probes: f.whole("probes", 0), Seed: int64(f.whole("seed", 1)),
	}
	if order.Probes < 0 || order.Probes > mostProbes {
		f.wrongf("probes must be from 1 to %d", mostProbes)
	}
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	if _, err := v.spaceField(ctx, order.Space, order.Metric); err != nil {
		return err
	}
	if order.Gallery != "" {
		if _, err := v.store().Gallery(ctx, order.Gallery); err != nil {
			return err
		}
	}
	one, err := v.running.begin("measure_recall", order.Space, func(ctx context.Context, tell func(Progress)) (any, error) {
		return v.cfg.Resources.Indexes.MeasureRecall(ctx, order, tell)
	})
	if err != nil {
		return err
	}
	return accepted(c, one)
}
