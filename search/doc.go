// Package search compares templates and decides whose face a probe shows.
//
// Distance measures two templates by one of four metrics. Verify answers "is
// this the same person?" for two photographs, Searcher.Find "who is this?" for
// one photograph and a gallery. A gallery proposes candidates through the port
// Gallery; the distances that callers see are always computed here, from the
// stored vectors in full precision, so that Find and Verify give the same
// figure for the same two faces whatever index proposed them.
//
// MeasureRecall holds a gallery's index against its own exact search, so that a
// search can promise how much it finds.
//
// MinMax and UnitLength are what DeepFace does to an embedding on request.
//
// Decisions are open-set: a probe may belong to nobody enrolled. See Decide.
package search
