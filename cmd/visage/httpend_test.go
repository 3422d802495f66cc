package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
)

// startServing starts the program as a server on a free port, and waits until it listens.
func startServing(t *testing.T, flags ...string) (service, *program) {
	t.Helper()
	p := process(t, append([]string{"serve", "--addr", "127.0.0.1:0"}, flags...)...)
	p.errOut.await(t, "url=http://")
	return service{t: t, url: regexp.MustCompile(`http://[0-9.:]+`).FindString(p.errOut.String())}, p
}

// The true program with its private Postgres: photographs of real people that were
// ingested are found over HTTP, each by itself, and SIGTERM ends it well.
func TestServeFindsEveryPhotograph(t *testing.T) {
	t.Parallel()
	people := filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "people")
	flags := []string{"--home", reachableDir(t), "--models", needs(t, "VISAGE_TEST_MODELS"), "--ort-lib", needs(t, "VISAGE_ORT_LIB")}
	models := []string{"--model", "MobileFaceNet", "--detector", "scrfd"}
	v := visage{t, flags}
	v.do("db", "start")
	t.Cleanup(func() { v.do("db", "stop") })
	report := answer[ingest.Report](v, with(models, "ingest", people)...)
	s, p := startServing(t, with(models, flags...)...)
	paths, err := filepath.Glob(filepath.Join(people, "*", "*"))
	if err != nil || len(paths) != report.Ingested {
		t.Fatalf("%d photographs, %v, and %+v", len(paths), err, report)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		person := filepath.Base(filepath.Dir(path))
		found := s.form("/find", map[string]string{"k": "2", "max_faces": "1"}, map[string][][]byte{"img": {data}})
		if found.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, found.status, found.text)
			continue
		}
		list := items(t, items(t, found.body["results"])[0])
		for i, one := range list {
			if m := one.(map[string]any); m["identity"] != person || i == 0 && m["distance"].(float64) > 1e-6 {
				t.Errorf("%s: candidate %d is %v at %v", path, i+1, m["identity"], m["distance"])
			}
		}
		searched := s.form("/search", map[string]string{"max_faces": "1"}, map[string][][]byte{"img": {data}})
		if first := items(t, items(t, searched.body["results"])[0])[0].(map[string]any); first["img_name"] != person {
			t.Errorf("%s: /search says %v", path, first)
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the state says how it ended
	if code := p.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("SIGTERM ends it with %d", code)
	}
}

// Postgres stopped in the middle of a search and started again: the search fails
// with 503 and says when to come back, and later ones are answered (reliability test
// 3).
func TestServeOutlastsPostgres(t *testing.T) {
	t.Parallel()
	private, url := privateVisage(t)
	s, _ := startServing(t, append(with(builtIn, "--database-url", url), "--home", t.TempDir())...)
	data := inBase64(encoded(t, drawn(1, 80)))
	s.good("/register", map[string]any{"img": data, "img_name": "ann"})
	_, waiting := lockedFaces(t, url)
	replies := make(chan reply)
	go func() { replies <- s.json("/find", map[string]any{"img": data}) }()
	waiting(true)
	private.do("db", "stop")
	for range 2 { // the one that was under way, and one that comes meanwhile
		r := <-replies
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || strings.Contains(r.text, "results") {
			t.Errorf("without Postgres: %d %s", r.status, r.text)
		}
		go func() { replies <- s.json("/find", map[string]any{"img": data}) }()
	}
	private.do("db", "start")
	<-replies
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		r := s.json("/find", map[string]any{"img": data})
		if r.status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after Postgres is back: %d %s", r.status, r.text)
		}
	}
}
