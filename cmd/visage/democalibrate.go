package main

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// calibrate finds the threshold that serves the drawn portraits. They are more
// alike than photographs of people, on which the recognisers' own thresholds
// were set. Each enrolled portrait is compared with its nearest mate and its
// nearest stranger; the threshold lies in the middle of the gap that leaves the
// fewest on the wrong side.
func calibrate(ctx context.Context, db *postgres.DB, e *embed.Embedder, people string) (face.Threshold, error) {
	paths, err := filepath.Glob(filepath.Join(people, "*", "*.jpg"))
	if err != nil {
		return face.Threshold{}, err
	}
	var mates, strangers []float64
	for _, path := range paths {
		mate, stranger, err := nearestOthers(ctx, db, e, path)
		if err != nil {
			return face.Threshold{}, err
		}
		mates, strangers = append(mates, mate), append(strangers, stranger)
	}
	all := slices.Sorted(slices.Values(slices.Concat(mates, strangers)))
	best, fewest := 0.0, len(all)+1
	for i := range len(all) - 1 {
		t := (all[i] + all[i+1]) / 2
		wrong := count(mates, func(d float64) bool { return d > t }) + count(strangers, func(d float64) bool { return d <= t })
		if wrong < fewest {
			best, fewest = t, wrong
		}
	}
	return face.Threshold{Metric: face.Cosine, Distance: best, Source: "set on the enrolled portraits: drawn people are more alike than real ones"}, nil
}

// nearestOthers gives the distances of an enrolled portrait to the nearest other
// one of its person and to the nearest of somebody else.
func nearestOthers(ctx context.Context, db *postgres.DB, e *embed.Embedder, path string) (mate, stranger float64, err error) {
	named, err := nameFaces(ctx, db, e, probe{path: path}, cosineOf(e))
	if err != nil {
		return 0, 0, err
	}
	own := filepath.Base(filepath.Dir(path))
	mate, stranger = 2, 2 // the largest cosine distance
	for _, m := range named[0].all {
		switch {
		case m.Image == path:
		case m.Identity == own:
			mate = min(mate, m.Distance)
		default:
			stranger = min(stranger, m.Distance)
		}
	}
	return mate, stranger, nil
}

func count(values []float64, is func(float64) bool) int {
	n := 0
	for _, v := range values {
		if is(v) {
			n++
		}
	}
	return n
}
