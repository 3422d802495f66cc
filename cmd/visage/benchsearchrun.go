package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

const (
	// probeSeed chooses the probes.
	probeSeed = 1
	// defaultEfSearch is pgvector's own hnsw.ef_search.
	defaultEfSearch = 40
	// madeUpThreshold decides in spaces of no known model, such as bench gallery makes:
	// the cosines of one person's templates there are 0.62 with a deviation of 0.12,
	// those of different people 0 with one of 0.07, so that 0.3 tells them apart.
	madeUpThreshold = 0.7
)

// searchTrial is a gallery that is searched in several ways.
type searchTrial struct {
	*searchBench
	open           func(ctx context.Context, conns int, use func(*postgres.DB) error) error
	db             *postgres.DB
	query          face.Query // without a probe
	statement      postgres.Statement
	probes         []face.Candidate
	threshold      face.Threshold
	size           postgres.SpaceSize
	length         time.Duration
	withoutPgbench string // why; empty where there is one

	// recall and usual are the share of the mates that the index finds with efSearch and
	// with pgvector's default; indexed says whether there is an index.
	recall, usual *float64
	indexed       bool

	held *heldTrial // with --resident
}

// measureRecall measures what the index finds, where there is one and it is known how
// hard to search it.
func (t *searchTrial) measureRecall(ctx context.Context) error {
	if t.efSearch == 0 {
		t.efSearch = t.statement.Plan.EfSearch
	}
	if t.efSearch == 0 {
		return nil
	}
	curve, err := search.MeasureRecall(ctx, t.db, search.RecallOptions{
		Gallery: t.gallery, Space: t.query.Space, Metric: face.Cosine, Threshold: t.threshold,
		Probes: t.searchBench.probes, Seed: probeSeed, EfSearch: []int{defaultEfSearch, t.efSearch},
	})
	if err == nil {
		t.indexed, t.usual, t.recall = true, curve.Points[0].MateRecall, curve.Points[1].MateRecall
	}
	return err
}

// speeds are those of one way of searching.
type speeds struct {
	rounds []float64
	all    bench.Timings
}

func (s *speeds) add(t bench.Timings) {
	s.rounds = append(s.rounds, t.PerSecond())
	s.all = append(s.all, t...)
}

func (s *speeds) text() string {
	return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", milliseconds(s.all, 0.5), milliseconds(s.all, 0.99))
}

// run measures all ways in turn, after a round that is not counted. The service and
// pgbench have fresh connections each time, which both warm up as long: a new
// process of the server is slow until it has touched most of the index.
func (t *searchTrial) run(ctx context.Context, clients int) ([]bench.Result, error) {
	warming := bench.Span{Warm: t.length, Counted: t.length}
	pg := bench.Pgbench{Program: t.pgbench, Env: append(t.db.Environment(), "PGOPTIONS="+t.statement.Options())}
	warm := func(request func(context.Context, face.Candidate) error) func() (bench.Timings, error) {
		return func() (bench.Timings, error) {
			return t.load(ctx, clients, bench.Span{Counted: t.length}, request)
		}
	}
	var service, raw, index, usual, exact speeds
	ways := []struct {
		into    *speeds
		measure func() (bench.Timings, error)
	}{
		{&service, func() (timings bench.Timings, err error) {
			err = t.open(ctx, clients, func(db *postgres.DB) error {
				timings, err = t.load(ctx, clients, warming, t.find(db, search.FindOptions{}))
				return err
			})
			return timings, err
		}},
		{&raw, func() (bench.Timings, error) { return pg.Run(ctx, t.script(), clients, warming) }},
		{&index, warm(t.nearestAt(t.efSearch))},
		{&usual, warm(t.nearestAt(defaultEfSearch))},
		{&exact, warm(t.find(t.db, search.FindOptions{Exact: true}))},
	}
	for round := range 1 + t.rounds {
		for _, way := range ways {
			if way.into == &raw && t.withoutPgbench != "" || (way.into == &index || way.into == &usual) && !t.indexed {
				continue
			}
			timings, err := way.measure()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				way.into.add(timings)
			}
		}
	}
	return t.results(clients, &service, &raw, &index, &usual, &exact), nil
}

// load searches for the probes, in an order by chance.
func (t *searchTrial) load(ctx context.Context, clients int, span bench.Span, request func(context.Context, face.Candidate) error) (bench.Timings, error) {
	return bench.Load(ctx, clients, span, func(ctx context.Context) error {
		return request(ctx, t.probes[rand.N(len(t.probes))])
	})
}

// find searches as the service does.
func (t *searchTrial) find(gallery search.Gallery, opts search.FindOptions) func(context.Context, face.Candidate) error {
	opts.Gallery, opts.K, opts.Metric = t.gallery, t.query.Limit, t.query.Metric
	if opts.MinRecall == 0 {
		opts.MinRecall = t.minRecall
	}
	if opts.Threshold = t.threshold; opts.Threshold.Metric == "" {
		opts.Threshold = face.Threshold{Metric: face.Cosine, Distance: madeUpThreshold}
	}
	return func(ctx context.Context, probe face.Candidate) error {
		searcher, err := search.NewSearcher(search.Config{Gallery: gallery})
		if err == nil {
			_, err = searcher.Find(ctx, []face.Template{{Space: t.query.Space, Vector: probe.Vector}}, opts)
		}
		return err
	}
}

// nearestAt searches the index alone.
func (t *searchTrial) nearestAt(efSearch int) func(context.Context, face.Candidate) error {
	return func(ctx context.Context, probe face.Candidate) error {
		q := t.query
		q.Probe = probe.Vector
		_, err := t.db.NearestAt(ctx, q, efSearch)
		return err
	}
}

// script is what pgbench runs.
func (t *searchTrial) script() string {
	ids := make([]string, len(t.probes))
	for i, p := range t.probes {
		ids[i] = p.FaceID
	}
	return fmt.Sprintf("\\set probe random(1, %d)\n%s;\n", len(ids), t.statement.Text(ids, ":probe"))
}
