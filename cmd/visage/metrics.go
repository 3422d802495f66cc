package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/telemetry"
)

// metricsFlag declares --metrics.
func metricsFlag(flags *pflag.FlagSet) *string {
	return flags.String("metrics", "", `serve counts to Prometheus at this address, such as ":9464", which is one of this machine alone; name the host to let others see them`)
}

// withMetrics serves the metrics, where an address is given, while they are used.
func (a *app) withMetrics(ctx context.Context, address string, use func(*telemetry.Metrics) error) (err error) {
	metrics := telemetry.New()
	if address == "" {
		return use(metrics)
	}
	server, err := metrics.Serve(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	a.log.Info("serving metrics", "url", server.URL())
	return use(metrics)
}

// counting tells metrics of one run, as its report grows.
type counting struct {
	metrics *telemetry.Metrics
	seen    ingest.Report
	reasons map[string]int // of seen
	until   time.Time
}

func newCounting(metrics *telemetry.Metrics) *counting {
	return &counting{metrics: metrics, reasons: map[string]int{}, until: time.Now()}
}

// upTo counts what the report has and had not before.
func (c *counting) upTo(r ingest.Report) {
	for _, count := range []struct {
		outcome   string
		now, then int
	}{
		{"ingested", r.Ingested, c.seen.Ingested}, {"copied", r.Copied, c.seen.Copied}, {"moved", r.Moved, c.seen.Moved},
		{"replaced", r.Replaced, c.seen.Replaced}, {"unchanged", r.Unchanged, c.seen.Unchanged}, {"removed", r.Removed, c.seen.Removed},
	} {
		c.metrics.Files(count.outcome, "", count.now-count.then)
	}
	for reason, n := range r.Rejected {
		c.metrics.Files("rejected", string(reason), n-c.reasons[string(reason)])
		c.reasons[string(reason)] = n
	}
	c.metrics.Faces(templatesOf(r) - templatesOf(c.seen))
	c.metrics.Ran(time.Since(c.until))
	c.seen, c.until = r, time.Now()
}

// templatesOf counts the templates of a report, in all spaces.
func templatesOf(r ingest.Report) int {
	faces := r.Faces
	for _, also := range r.Also {
		faces += also.Faces
	}
	return faces
}
