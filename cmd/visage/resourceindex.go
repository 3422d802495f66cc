package main

import (
	"context"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// indexes is httpapi.Indexes over the database.
type indexes struct {
	db      *postgres.DB
	catalog catalog
}

var _ httpapi.Indexes = indexes{}

// SpaceIndexes is httpapi.Indexes'.
func (x indexes) SpaceIndexes(ctx context.Context) (any, error) {
	found, err := x.db.Indexes(ctx)
	if found == nil {
		found = []postgres.SpaceIndexes{}
	}
	return found, err
}

func settingsOf(order httpapi.IndexOrder) postgres.IndexSettings {
	return postgres.IndexSettings{Metric: order.Metric, M: order.M, EfConstruction: order.EfConstruction, Memory: order.Memory}
}

// PlanIndex is httpapi.Indexes'.
func (x indexes) PlanIndex(ctx context.Context, order httpapi.IndexOrder) (any, error) {
	space, err := x.db.Space(ctx, order.Space)
	if err != nil {
		return nil, err
	}
	return x.db.PlanIndex(ctx, space, order.Rows, settingsOf(order))
}

// BuildIndex is httpapi.Indexes'.
func (x indexes) BuildIndex(ctx context.Context, order httpapi.IndexOrder, tell func(httpapi.Progress)) (any, error) {
	space, err := x.db.Space(ctx, order.Space)
	if err != nil {
		return nil, err
	}
	return x.db.BuildIndex(ctx, space, settingsOf(order), func(p postgres.IndexProgress) { tell(httpapi.Progress(p)) })
}

// DropIndex is httpapi.Indexes'.
func (x indexes) DropIndex(ctx context.Context, order httpapi.IndexOrder) (any, error) {
	space, err := x.db.Space(ctx, order.Space)
	if err != nil {
		return nil, err
	}
	dropped, err := x.db.DropIndex(ctx, space, order.Metric)
	return map[string]any{"dropped": dropped}, err
}

// MeasureRecall is httpapi.Indexes'.
func (x indexes) MeasureRecall(ctx context.Context, order httpapi.RecallOrder, tell func(httpapi.Progress)) (any, error) {
	space, err := x.db.Space(ctx, order.Space)
	if err != nil {
		return nil, err
	}
	opts := search.RecallOptions{
		Gallery: order.Gallery, Space: space, Metric: postgres.Family(order.Metric, space), Probes: order.Probes, Seed: order.Seed,
		Tell: func(done, total int) {
			tell(httpapi.Progress{Phase: "searching", Done: int64(done), Total: int64(total)})
		},
	}
	if opts.Gallery == "" {
		if opts.Gallery, _, err = x.db.LargestGallery(ctx, space); err != nil {
			return nil, err
		}
	}
	known, err := x.catalog.Thresholds(space)
	if err != nil {
		return nil, err
	}
	r := recallReport{Space: space.Name(), Gallery: opts.Gallery}
	if t, err := search.ChooseThreshold(known, opts.Metric, space); err == nil {
		opts.Threshold, r.Threshold = t, &t
	} else if face.CodeOf(err) != face.Invalid { // none is known
		return nil, err
	}
	if r.RecallCurve, err = search.MeasureRecall(ctx, x.db, opts); err != nil {
		return nil, err
	}
	return r, x.db.StoreRecall(ctx, space, r.RecallCurve)
}
