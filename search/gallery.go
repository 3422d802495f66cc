package search

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// Gallery is the port through which a search reaches what is enrolled. The
// suite searchtest.Gallery holds its implementations to what is said here.
type Gallery interface {
	// Nearest returns up to q.Limit candidates of q.Gallery in q.Space that
	// q.Filter lets pass, each with its vector as stored, nearest to q.Probe
	// first by q.Metric; equal distances come in the order of their face ids.
	// The plan says how they were found; with q.Exact it is complete. A gallery
	// that holds nothing in a known space, or nothing that passes, gives no
	// candidates and no error.
	//
	// It returns NotFound for an unknown gallery, space or identity of the
	// filter, Mismatch for a probe that has not q.Space.Dim components, Invalid
	// for a limit below 1, an unknown metric, a recall that is no share, a filter
	// that Check refuses and a probe that is zero or not finite, Cancelled where
	// ctx ended, and what its store may fail with. A limit above
	// face.MostCandidates may be Invalid too.
	Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error)

	// NearestAll is Nearest for several probes, which take the place of q.Probe,
	// in as many round trips as for one. It gives one answer per probe, in their
	// order, or none at all where one probe has no answer. It returns Invalid
	// without probes.
	NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error)
}
