package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search"
)

// The database's indexes can be looked after.
var _ search.WatchSource = (*postgres.DB)(nil)

// watchFlag declares --watch-recall.
func watchFlag(flags *pflag.FlagSet) *time.Duration {
	return flags.Duration("watch-recall", search.DefaultWatchEvery, "how often to look whether the recall of the indexes has to be measured again, and how often a service repeats a search in memory exactly; 0 for never")
}

// withRecallWatched has the recall of the indexes looked after while use runs: every
// so often, or not at all for 0.
func (a *app) withRecallWatched(ctx context.Context, db *postgres.DB, metrics *telemetry.Metrics, every time.Duration, use func() error) error {
	if every == 0 {
		return use()
	}
	watching, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- search.Watch(watching, search.WatchConfig{
			Source: db, Threshold: a.knownThreshold, Every: every, Logger: a.log,
			Tell: func(indexes []face.MeasuredIndex) { metrics.Recall(recallsOf(indexes)) },
		})
	}()
	err := use()
	stop()
	return errors.Join(err, <-ended)
}

// recallsOf are the indexes that were measured, for the metrics.
func recallsOf(indexes []face.MeasuredIndex) []telemetry.IndexRecall {
	var all []telemetry.IndexRecall
	for _, i := range indexes {
		if len(i.Recall.Points) == 0 {
			continue
		}
		r := telemetry.IndexRecall{Space: i.Space.Name(), Metric: string(i.Metric), Recall: map[int]float64{}, EfSearch: i.Recall.Keeps(face.DefaultMinRecall)}
		for _, p := range i.Recall.Points {
			r.Recall[p.EfSearch] = p.Estimate()
		}
		all = append(all, r)
	}
	return all
}
