package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/onnxtest"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/internal/queue"
)

// at is the program with a home of its own, on a database that others use too.
func at(t *testing.T, url string) visage {
	t.Helper()
	return visage{t, []string{"--home", t.TempDir(), "--database-url", url, "--log-level", "error"}}
}

// jobList is what jobs list --json prints.
type jobList struct {
	Jobs   []queue.Job         `json:"jobs"`
	Counts map[queue.State]int `json:"counts"`
}

// workerProcess starts a worker in a process of its own.
func workerProcess(t *testing.T, url string, more ...string) *program {
	t.Helper()
	return process(t, append([]string{"worker", "--database-url", url, "--home", t.TempDir(), "--log-level", "error"}, more...)...)
}

// awaitRunning waits until so many jobs are running.
func awaitRunning(t *testing.T, v visage, n int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); answer[jobList](v, "jobs", "list").Counts[queue.Running] < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d jobs never ran at once", n)
		}
	}
}

// oneRun is the dump of one plain ingest.
func oneRun(t *testing.T, root string, more ...string) []string {
	t.Helper()
	url := pgtest.URL(t)
	at(t, url).do(append(with(builtIn, "ingest", root), more...)...)
	return dump(t, url)
}

func likeOneRun(t *testing.T, got, want []string) {
	t.Helper()
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%d rows, one run leaves %d, equal %v", len(got), len(want), slices.Equal(got, want))
	}
}

// Two workers on one queued folder end with the rows of one run, and a second
// --enqueue queues nothing, neither before they begin nor after (reliability test
// 19).
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	root, url := manyPhotos(t, 90), pgtest.URL(t)
	v := at(t, url)
	if q := answer[queued](v, with(builtIn, "ingest", root, "--enqueue")...); q.Files != 90 || q.Left != 90 || q.Jobs != 2 {
		t.Errorf("queued %+v", q)
	}
	if q := answer[queued](v, with(builtIn, "ingest", root, "--enqueue")...); q.Jobs != 0 || q.Standing != 2 {
		t.Errorf("queued again: %+v", q)
	}
	for _, cmd := range []*program{workerProcess(t, url, "--until-empty"), workerProcess(t, url, "--until-empty")} {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	likeOneRun(t, dump(t, url), oneRun(t, root))
	list := answer[jobList](v, "jobs", "list")
	if len(list.Jobs) != 2 || list.Counts[queue.Done] != 2 || list.Jobs[0].Worker == list.Jobs[1].Worker {
		t.Errorf("jobs %+v", list)
	}
	if q := answer[queued](v, with(builtIn, "ingest", root, "--enqueue")...); q.Jobs+q.Standing != 0 || q.Unchanged != 90 {
		t.Errorf("queued in the end: %+v", q)
	}
	if r := answer[ingest.Report](v, with(builtIn, "ingest", root)...); r.Unchanged != 90 || r.Ingested != 0 {
		t.Errorf("a plain run afterwards: %+v", r)
	}
}

// The job of a worker that is killed in its middle is done by another, within a
// minute or so, and the rows are those of one run (reliability test 19).
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	root, url := manyPhotos(t, 90), pgtest.URL(t)
	v := at(t, url)
	v.do(with(builtIn, "ingest", root, "--enqueue")...)
	doomed := workerProcess(t, url)
	awaitRunning(t, v, 1)
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.Wait() // it was killed
	if n := answer[jobList](v, "jobs", "list").Counts[queue.Running]; n != 1 {
		t.Errorf("%d jobs are the killed worker's", n)
	}
	begun := time.Now()
	if err := workerProcess(t, url, "--until-empty").Wait(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 3*time.Minute {
		t.Errorf("the other worker took %s", took)
	}
	likeOneRun(t, dump(t, url), oneRun(t, root))
	list := answer[jobList](v, "jobs", "list")
	if list.Counts[queue.Done] != 2 || !slices.ContainsFunc(list.Jobs, func(j queue.Job) bool { return j.Attempts == 2 && strings.Contains(j.Error, "fell silent") }) {
		t.Errorf("jobs %+v", list)
	}
}

// A worker that is told to stop gives its job back, at once and at no cost to it,
// and exits well.
func TestWorkerIsToldToStop(t *testing.T) {
	t.Parallel()
	root, url := manyPhotos(t, 90), pgtest.URL(t)
	v := at(t, url)
	v.do(with(builtIn, "ingest", root, "--enqueue")...)
	cmd := workerProcess(t, url)
	awaitRunning(t, v, 1)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	list := answer[jobList](v, "jobs", "list")
	if list.Counts[queue.Running] != 0 || list.Counts[queue.Waiting] == 0 || slices.ContainsFunc(list.Jobs, func(j queue.Job) bool { return j.State == queue.Waiting && j.Attempts != 0 }) {
		t.Errorf("jobs %+v", list)
	}
	if err := workerProcess(t, url, "--until-empty").Wait(); err != nil {
		t.Error(err)
	}
	likeOneRun(t, dump(t, url), oneRun(t, root))
}

// Names of any bytes, of the folder, of identities and of files, go through the
// queue as they are; so do a manifest and patterns, and an archive.
func TestQueuedSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := filepath.Join(dir, "people\xff")
	must(t, os.CopyFS(root, os.DirFS(filepath.Join(sampleDir(t), "people"))))
	must(t, os.Rename(filepath.Join(root, sampleName(0)), filepath.Join(root, "ann\xfe\xe9")))
	must(t, os.Rename(filepath.Join(root, sampleName(1), "0.jpg"), filepath.Join(root, sampleName(1), "\xf0\x28.jpg")))
	list := filepath.Join(dir, "faces.csv")
	must(t, os.WriteFile(list, []byte("path,identity,metadata\nann\xfe\xe9/0.jpg,Ann\xff,\"{\"\"n\"\": 3}\"\n"), 0o600))
	packed := filepath.Join(dir, "people.zip")
	f, err := os.Create(packed)
	must(t, err)
	w := zip.NewWriter(f)
	must(t, w.AddFS(os.DirFS(filepath.Join(sampleDir(t), "people"))))
	must(t, w.Close())
	must(t, f.Close())
	for name, source := range map[string][]string{
		"folder": {root, "--exclude", "**/1.jpg"}, "manifest": {root, "--manifest", list}, "archive": {packed, "--include", "sample-0[12]/*"},
	} {
		url := pgtest.URL(t)
		v := at(t, url)
		if q := answer[queued](v, with(builtIn, append([]string{"ingest", "--enqueue"}, source...)...)...); q.Jobs != 1 {
			t.Errorf("%s: queued %+v", name, q)
		}
		v.do("worker", "--until-empty")
		likeOneRun(t, dump(t, url), oneRun(t, source[0], source[1:]...))
		if q := answer[queued](v, with(builtIn, append([]string{"ingest", "--enqueue"}, source...)...)...); q.Jobs+q.Standing != 0 || q.Left != 0 {
			t.Errorf("%s: queued again: %+v", name, q)
		}
	}
}

// A worker with other weights, without any, or without the folder leaves a job to
// others, and says why.
func TestWorkerLeavesJobs(t *testing.T) {
	t.Parallel()
	url, dir := pgtest.URL(t), t.TempDir()
	people := filepath.Join(dir, "people")
	must(t, os.CopyFS(people, os.DirFS(filepath.Join(sampleDir(t), "people"))))
	seeded := func(seed uint64) visage {
		v := at(t, url)
		v.flags = append(v.flags, append(ortLib(t), "--models", "")...)
		if seed > 0 {
			v.do("models", "import", network(t, onnxtest.Recognizer{Input: planes(112), Dim: 512, Seed: seed}), "--as", "Buffalo_S", "--unpinned")
		}
		return v
	}
	right := seeded(1)
	right.do("ingest", people, "--enqueue", "--detector", "opencv", "--model", "Buffalo_S")
	left := func(v visage, want string) {
		t.Helper()
		if _, text, code := v.try("worker", "--until-empty"); code != exitFailed || !strings.Contains(text, "jobs left to other workers: 1") || !strings.Contains(text, want) {
			t.Errorf("exit %d, %s, want %q", code, text, want)
		}
		if list := answer[jobList](right, "jobs", "list"); list.Counts[queue.Waiting] != 1 || list.Jobs[0].Attempts != 0 {
			t.Errorf("jobs %+v", list)
		}
	}
	left(seeded(2), "the job is for space Buffalo_S-native-")
	left(seeded(0), "not installed")
	must(t, os.Rename(people, people+"-elsewhere"))
	left(right, people+" cannot be seen from this machine")
	must(t, os.Mkdir(people, 0o700))
	left(right, people+" is empty on this machine")
	must(t, os.Remove(people))
	must(t, os.Symlink(people+"-elsewhere", people))
	left(right, people+" is "+people+"-elsewhere on this machine")
	must(t, os.Remove(people))
	must(t, os.Rename(people+"-elsewhere", people))
	if d := answer[worked](right, "worker", "--until-empty"); d.Jobs[queue.Finished] != 1 || d.Ingested != 6 || d.Faces != 6 {
		t.Errorf("the right worker did %+v", d)
	}
}

// Commands on the queue, and flags that mean nothing beside it.
func TestJobs(t *testing.T) {
	t.Parallel()
	v, people := newVisage(t), filepath.Join(sampleDir(t), "people")
	if out := v.do(with(builtIn, "ingest", people, "--enqueue")...); !strings.Contains(out, "6 to do in 1 new jobs") {
		t.Errorf("ingest prints %s", out)
	}
	if out := v.do("jobs", "list"); !strings.Contains(out, people) || !strings.Contains(out, "1 waiting, 0 running") {
		t.Errorf("list prints %s", out)
	}
	id := fmt.Sprint(answer[jobList](v, "jobs", "list").Jobs[0].ID)
	if out := v.do("jobs", "show", id); !strings.Contains(out, sampleName(2)+"/1.jpg") || !strings.Contains(out, "LBPH-native-opencv-") {
		t.Errorf("show prints %s", out)
	}
	if out := v.do("jobs", "cancel", "--all"); out != "job "+id+" is cancelled\n" {
		t.Errorf("cancel prints %s", out)
	}
	v.do(with(builtIn, "ingest", people, "--enqueue")...)
	v.do("worker", "--until-empty")
	id = fmt.Sprint(answer[jobList](v, "jobs", "list", "--state", "done").Jobs[0].ID)
	if job := answer[queue.Job](v, "jobs", "show", id); job.Report == nil || job.Report.Ingested != 6 || len(job.Paths) != 6 {
		t.Errorf("job %+v", job)
	}
	for _, args := range [][]string{
		with(builtIn, "ingest", people, "--enqueue", "--prune"), with(builtIn, "ingest", people, "--enqueue", "--workers", "3"),
		with(builtIn, "ingest", people, "--enqueue", "--plan"), with(builtIn, "ingest", people, "--enqueue", "--report", "/dev/null"),
		{"jobs", "cancel"}, {"jobs", "cancel", "--all", "3"}, {"jobs", "show", "x"}, {"worker", "--workers", "-1"},
	} {
		if _, text, code := v.try(args...); code != exitMisused {
			t.Errorf("visage %q exits %d: %s", args, code, text)
		}
	}
	for _, args := range [][]string{{"jobs", "show", "99"}, {"jobs", "cancel", "99"}, {"jobs", "list", "--state", "lost"}, {"worker", "--metrics", "nowhere"}} {
		if _, text, code := v.try(args...); code != exitFailed {
			t.Errorf("visage %q exits %d: %s", args, code, text)
		}
	}
}

// A folder that is watched has its changes queued.
func TestWatchAndEnqueue(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join(sampleDir(t), "people"))))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errOut shown
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append(with(builtIn, "ingest", dir, "--watch", "--enqueue"), v.flags...), &out, &errOut)
	}()
	out.await(t, "6 files: 6 to do in 1 new jobs and 0 that")
	v.do("worker", "--until-empty")
	must(t, makeFile(filepath.Join(dir, "new", "text.jpg"), []byte("no picture")))
	out.await(t, "7 files: 1 to do in 1 new jobs and 0 that")
	cancel()
	if got := <-code; got != exitDone {
		t.Errorf("interrupted, it exits %d: %s", got, &errOut)
	}
}

// The private Postgres is enough for a queue.
func TestWorkerOnThePrivatePostgres(t *testing.T) {
	t.Parallel()
	v := visage{t, []string{"--home", reachableDir(t), "--log-level", "error"}}
	v.do(with(builtIn, "ingest", filepath.Join(sampleDir(t), "people"), "--enqueue")...)
	if d := answer[worked](v, "worker", "--until-empty"); d.Jobs[queue.Finished] != 1 || d.Faces != 6 {
		t.Errorf("did %+v", d)
	}
}

// A worker's and an ingest's counts, as Prometheus gets them.
func TestMetrics(t *testing.T) {
	t.Parallel()
	url, root := pgtest.URL(t), t.TempDir()
	must(t, os.CopyFS(root, os.DirFS(filepath.Join(sampleDir(t), "people"))))
	must(t, makeFile(filepath.Join(root, "x", "empty.jpg"), nil))
	must(t, makeFile(filepath.Join(root, "x", "text.jpg"), []byte("no picture")))
	at(t, url).do(with(builtIn, "ingest", root, "--enqueue")...)
	enrolled := []string{
		`visage_ingest_files_total{outcome="ingested",reason=""} 6`, `visage_ingest_files_total{outcome="rejected",reason="empty"} 1`,
		`visage_ingest_files_total{outcome="rejected",reason="unsupported"} 1`, "visage_ingest_faces_total 6",
	}
	watched(t, with(nil, "worker", "--database-url", url), append(enrolled,
		`visage_worker_jobs_total{result="done"} 1`, `visage_jobs{state="done"} 1`, `visage_jobs{state="waiting"} 0`)...)
	watched(t, with(builtIn, "ingest", root, "--watch", "--database-url", pgtest.URL(t)), enrolled...)
	watched(t, with(builtIn, "ingest", root, "--watch", "--database-url", url), `visage_ingest_files_total{outcome="unchanged",reason=""} 8`)
}

// watched runs a command with --metrics until it shows all the lines.
func watched(t *testing.T, args []string, lines ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errOut shown
	code := make(chan int, 1)
	go func() { code <- run(ctx, append(args, "--home", t.TempDir(), "--metrics", ":0"), &out, &errOut) }()
	errOut.await(t, "/metrics")
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`).FindString(errOut.String())
	got := ""
	missing := func(line string) bool { return !strings.Contains(got, "\n"+line+"\n") }
	for end := time.Now().Add(5 * time.Minute); got == "" || slices.ContainsFunc(lines, missing); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q never has %q:\n%s", args, lines[slices.IndexFunc(lines, missing)], got)
		}
		got = scraped(t, address)
	}
	cancel()
	if c := <-code; c != exitDone {
		t.Errorf("%q exits %d: %s", args, c, &errOut)
	}
}

func scraped(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return string(body)
}
