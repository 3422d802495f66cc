package httpapi

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// Indexes are those of the spaces. What the methods return is written as JSON, as
// visage index has it; tell is called with how far a long one is. They return NotFound
// for an unknown space.
type Indexes interface {
	// SpaceIndexes are all spaces with their rows and indexes, and what was measured
	// of those.
	SpaceIndexes(ctx context.Context) (any, error)
	// PlanIndex says what a build takes; or Invalid.
	PlanIndex(ctx context.Context, order IndexOrder) (any, error)
	// BuildIndex builds one, which may take hours; or Invalid, Exists, Unavailable.
	BuildIndex(ctx context.Context, order IndexOrder, tell func(Progress)) (any, error)
	// DropIndex removes one.
	DropIndex(ctx context.Context, order IndexOrder) (any, error)
	// MeasureRecall measures one and keeps what it finds; or Invalid.
	MeasureRecall(ctx context.Context, order RecallOrder, tell func(Progress)) (any, error)
}

// IndexOrder names an index, and how it is to be built; 0 leaves a setting to the
// database.
type IndexOrder struct {
	Space          string
	Metric         face.Metric
	M              int
	EfConstruction int
	Memory         string // such as 2GB
	Rows           int64  // templates to plan for
}

// RecallOrder says what to measure.
type RecallOrder struct {
	Space   string
	Metric  face.Metric
	Gallery string // empty for the largest
	Probes  int    // 0 for the usual number
	Seed    int64
}

// Progress is how far something is; Total is 0 where nothing is counted.
type Progress struct {
	Phase string `json:"phase"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}
