package main

import (
	"fmt"

	"github.com/visagedb/visage/internal/face"
)

// planText says how a search was done and what may have been missed.
func planText(p face.Plan) string {
	switch {
	case p.Plan != face.PlanHNSW:
		return p.Plan
	case p.EstimatedRecall == 0:
		return fmt.Sprintf("hnsw, ef_search %d, recall unknown", p.EfSearch)
	default:
		return fmt.Sprintf("hnsw, ef_search %d, estimated recall %.3f", p.EfSearch, p.EstimatedRecall)
	}
}
