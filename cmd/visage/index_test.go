package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// indexed is a program with a made-up gallery, and the name of its space.
func indexed(t *testing.T) (visage, string) {
	t.Helper()
	v := newVisage(t)
	answer[bench.Report](v, "bench", "gallery", "--dim", "64", "--effective-dim", "40", "--genuine-sd", "0.15", "--identities", "150")
	return v, spacesOf(v)[0].Name
}

func spacesOf(v visage) []postgres.SpaceIndexes {
	v.t.Helper()
	return answer[struct{ Spaces []postgres.SpaceIndexes }](v, "index", "list").Spaces
}

// The whole life of an index: listed, planned, measured, dropped, built again.
func TestIndexCommands(t *testing.T) {
	t.Parallel()
	v, space := indexed(t)
	if s := spacesOf(v); len(s) != 1 || s[0].Rows != 600 || s[0].Share != 1 || len(s[0].Indexes) != 1 || !s[0].Indexes[0].Valid || s[0].Indexes[0].Metric != face.Cosine {
		t.Errorf("listed %+v", s)
	}
	if out := v.do("index", "list"); !strings.Contains(out, "embeddings_1_hnsw") || !strings.Contains(out, "not measured") {
		t.Errorf("list prints\n%s", out)
	}
	plans := answer[struct{ Plans []planned }](v, "index", "plan", "--rows", "1000000", "--m", "32").Plans
	if len(plans) != 1 || plans[0].Space != space || plans[0].Rows != 1_000_000 || plans[0].M != 32 || plans[0].Bytes < 500e6 || plans[0].Seconds <= 0 || plans[0].Resident < 100e6 {
		t.Errorf("planned %+v", plans)
	}
	if out := v.do("index", "plan", "--space", space, "--rows", "50000000"); !strings.Contains(out, "does not fit") || !strings.Contains(out, "warning") {
		t.Errorf("plan prints\n%s", out)
	}

	r := answer[recallReport](v, "index", "recall", "--space", space, "--probes", "30")
	if r.Space != space || r.Gallery != "synthetic" || r.Threshold != nil || r.Probes != 30 || r.K != 10 || len(r.Points) != 6 || r.Points[5].MateRecall == nil || *r.Points[5].MateRecall < 0.95 {
		t.Errorf("recall %+v", r)
	}
	if p := r.Points[5]; p.Promise < 0.9 || p.Promise >= *p.MateRecall {
		t.Errorf("30 probes promise %g of %g", p.Promise, *p.MateRecall)
	}
	if out := v.do("index", "recall", "--space", space, "--probes", "5", "--gallery", "synthetic"); !strings.Contains(out, "recall@10") || !strings.Contains(out, "at least") || !strings.Contains(out, "they are exact") || !strings.Contains(out, "ask for a recall of 0.99") {
		t.Errorf("recall prints\n%s", out)
	}
	if s := spacesOf(v); s[0].Indexes[0].Recall == nil || s[0].Indexes[0].Recall.Probes != 5 {
		t.Errorf("after measuring: %+v", s[0].Indexes[0])
	}

	if again := answer[postgres.IndexBuild](v, "index", "build", "--space", space); again.Built {
		t.Errorf("built again: %+v", again)
	}
	if out := v.do("index", "drop", "--space", space); !strings.Contains(out, "exact") {
		t.Errorf("drop prints %s", out)
	}
	if out := v.do("index", "list"); !strings.Contains(out, "searched exactly") {
		t.Errorf("list prints\n%s", out)
	}
	if out := v.do("doctor"); !strings.Contains(out, "visage index build --space "+space) {
		t.Errorf("of a space without an index the doctor says\n%s", out)
	}
	if out := v.do("index", "build", "--space", space, "--m", "8", "--parallel", "0", "--memory", "80MB"); !strings.Contains(out, "built in") || !strings.Contains(out, "m 8") {
		t.Errorf("build prints\n%s", out)
	}
	if _, text, code := v.try("index", "build", "--space", space, "--m", "12"); code != exitFailed || !strings.Contains(text, "index drop") {
		t.Errorf("built with other settings: exit %d, %s", code, text)
	}
}

// A space that has grown to more than twice what was measured is named.
func TestStaleRecall(t *testing.T) {
	t.Parallel()
	v, space := indexed(t)
	v.do("index", "recall", "--space", space, "--probes", "5")
	v.do("bench", "gallery", "--dim", "64", "--effective-dim", "40", "--genuine-sd", "0.15", "--identities", "301")
	if s := spacesOf(v); !s[0].Indexes[0].Stale {
		t.Errorf("listed %+v", s[0].Indexes[0])
	}
	if out := v.do("index", "list"); !strings.Contains(out, "stale") {
		t.Errorf("list prints\n%s", out)
	}
	if out := v.do("doctor"); !strings.Contains(out, "grown from 600 to 1204") || !strings.Contains(out, "visage index recall --space "+space) {
		t.Errorf("the doctor says\n%s", out)
	}
}

// A worker tells Prometheus what is known of the indexes that searches can go through.
func TestRecallMetrics(t *testing.T) {
	t.Parallel()
	v, space := indexed(t)
	v.do("index", "recall", "--space", space, "--probes", "30")
	curve := spacesOf(v)[0].Indexes[0].Recall
	// The server takes the gallery for a large one.
	conn, err := pgx.Connect(t.Context(), v.url())
	must(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE pg_class SET reltuples = 20000, relpages = pg_relation_size(oid) / 8192 WHERE relname = 'embeddings_1'`)
	must(t, errors.Join(err, conn.Close(t.Context())))
	var lines []string
	for _, p := range curve.Points {
		lines = append(lines, fmt.Sprintf(`visage_index_recall{ef_search="%d",metric="cosine",space="%s"} %v`, p.EfSearch, space, p.Estimate()))
	}
	lines = append(lines, fmt.Sprintf(`visage_index_ef_search{metric="cosine",space="%s"} 0`, space))
	watched(t, with(nil, "worker", "--database-url", v.url(), "--watch-recall", "50ms"), lines...)
}

func TestIndexMisuse(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	for want, args := range map[string][]string{
		"name a space by --space": {"index", "build"},
		"taxicab":                 {"index", "drop", "--space", "x", "--metric", "taxicab"},
		"--probes":                {"index", "recall", "--space", "x", "--probes", "0"},
		"--rows":                  {"index", "plan", "--rows", "-1"},
		"--min-recall 0:":         {"find", "x.jpg", "--min-recall", "0"},
		"--watch-recall -1s:":     {"worker", "--watch-recall", "-1s"},
		"--min-recall 1.5":        {"find", "x.jpg", "--min-recall", "1.5"},
	} {
		if _, text, code := v.try(args...); code != exitMisused || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
	if _, text, code := v.try("index", "build", "--space", "nobody"); code != exitFailed || !strings.Contains(text, "nobody") {
		t.Errorf("an unknown space: exit %d, %s", code, text)
	}
}

func TestPlanText(t *testing.T) {
	t.Parallel()
	for want, plan := range map[string]face.Plan{
		"exact":                               {Plan: face.PlanExact, Rows: 3, Complete: true},
		"hnsw, ef_search 200, recall unknown": {Plan: face.PlanHNSW, EfSearch: 200},
		"hnsw, ef_search 400, estimated recall 0.993": {Plan: face.PlanHNSW, EfSearch: 400, EstimatedRecall: 0.993},
	} {
		if got := planText(plan); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
