package main

import (
	"fmt"

	"github.com/visagedb/visage/internal/bench"
)

// results sums up what was measured; usual is pgvector's default.
func (t *searchTrial) results(clients int, service, raw, index, usual, exact *speeds) []bench.Result {
	suffix := ""
	if clients > 1 {
		suffix = fmt.Sprintf(".clients%d", clients)
	}
	result := func(name string, way, beside *speeds, against string, recall *float64, notes string) bench.Result {
		r := bench.Rounds{Values: way.rounds, References: beside.rounds}
		if len(beside.rounds) == 0 {
			against = ""
		}
		out := r.Result(name+suffix, "1/s", against, way.text()+notes)
		out.Recall = recall
		return out
	}
	all := 1.0
	found, how := &all, fmt.Sprintf("; exact, %d templates of %d dimensions", t.size.Templates, t.query.Space.Dim)
	if !t.statement.Plan.Complete {
		found, how = t.recallAt(t.statement.Plan.EfSearch), fmt.Sprintf("; ef_search %d", t.statement.Plan.EfSearch)
	}
	notes := how + t.withoutPgbench
	if len(raw.rounds) > 0 {
		notes += fmt.Sprintf("; pgbench %s: as a prepared statement, settings once per connection, probe taken from the table by the statement, vectors returned as bytes", raw.text())
	}
	results := []bench.Result{result("search.service", service, raw, "pgbench, same SQL, settings and connections", found, notes)}
	const defaults = "the index with pgvector's default ef_search of 40"
	besides := ""
	if t.indexed {
		besides = "; ef_search 40: " + usual.text()
		if t.usual != nil {
			besides += fmt.Sprintf(", recall %.4f", *t.usual)
		}
		notes = fmt.Sprintf("; ef_search %d, %d probes, %d templates of %d dimensions, index %.0f MB, table %.0f MB%s", t.efSearch, len(t.probes),
			t.size.Templates, t.query.Space.Dim, float64(t.size.Index)/1e6, float64(t.size.Table)/1e6, besides)
		results = append(results, result("search.hnsw", index, usual, defaults, t.recall, notes))
	}
	return append(results, result("search.exact", exact, usual, defaults, &all, besides))
}

// recallAt is what was measured for an ef_search; nil where it was not.
func (t *searchTrial) recallAt(efSearch int) *float64 {
	if efSearch != t.efSearch {
		return nil
	}
	return t.recall
}
