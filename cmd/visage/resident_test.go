package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/search"
)

// held is a visage whose database has enough templates to be held in memory.
func held(t *testing.T) (visage, string) {
	t.Helper()
	v := newVisage(t)
	answer[bench.Report](v, "bench", "gallery", "--dim", "64", "--effective-dim", "40", "--genuine-sd", "0.15", "--identities", "300")
	return v, spacesOf(v)[0].Name
}

// write sends a write, and returns where the log stood then.
func (s *caller) write(method, path string, body any) (id, position string) {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", rand.Text())
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	var made struct {
		ID      string
		Results []struct{ Faces []struct{ ID string } }
	}
	if w.StatusCode >= 300 {
		s.Fatalf("%s %s: %s", method, path, w.Status)
	}
	if w.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(w.Body).Decode(&made); err != nil {
			s.Fatal(err)
		}
	}
	if len(made.Results) == 1 {
		made.ID = made.Results[0].Faces[0].ID
	}
	if position = w.Header.Get("Visage-Position"); !strings.Contains(position, "/") {
		s.Errorf("%s %s is at %q", method, path, position)
	}
	return made.ID, position
}

// The true program searches in memory, knows of what was written, is never told what
// was deleted, and is back at once when it is started anew.
func TestServeFromMemory(t *testing.T) {
	t.Parallel()
	v, space := held(t)
	serve := func(says string) (*caller, *program) {
		p := process(t, append(append(append([]string{"serve", "--addr", "127.0.0.1:0", "--resident", "on"}, builtIn...), v.flags...), "--log-level", "info")...)
		p.errOut.await(t, "url=http")
		p.errOut.await(t, says)
		p.errOut.await(t, "a space is held in memory")
		return &caller{t, servedAt.FindStringSubmatch(p.errOut.String())[1]}, p
	}
	s, p := serve("serving")
	vector := make([]float32, 64)
	vector[3], vector[7] = 0.8, -0.6
	find := func(least string) search.FindResult {
		t.Helper()
		ask := map[string]any{"embedding": vector, "space": space, "threshold": 0.3, "min_lsn": least}
		text, err := json.Marshal(s.json(200, "POST", "/v1/galleries/synthetic/search", ask))
		var found search.FindResult
		if err == nil {
			err = json.Unmarshal(text, &found)
		}
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := find(""); found.Search.Plan.Plan != "resident" || found.Search.Rows != 1200 || found.Search.Position == 0 || len(found.Results[0]) != 10 {
		t.Fatalf("found %+v", found.Search)
	}
	identity, _ := s.write("POST", "/v1/galleries/synthetic/identities", map[string]any{"name": "new"})
	id, at := s.write("POST", "/v1/galleries/synthetic/identities/"+identity+"/faces", map[string]any{"embedding": vector, "space": space})
	if found := find(at); found.Results[0][0].FaceID != id || found.Results[0][0].Identity != "new" {
		t.Errorf("what was written is not found: %+v", found)
	}
	for find("").Results[0][0].FaceID != id { // now in memory, too
	}
	_, at = s.write("DELETE", "/v1/faces/"+id, nil)
	for _, least := range []string{"", at} {
		if found := find(least); found.Results[0][0].FaceID == id {
			t.Error("what was deleted is found")
		}
	}
	s.json(422, "POST", "/v1/galleries/synthetic/search", map[string]any{"embedding": vector, "space": space, "threshold": 0.3, "min_lsn": "here"})
	id, _ = s.write("POST", "/v1/galleries/synthetic/identities/"+identity+"/faces", map[string]any{"embedding": vector, "space": space})
	end := func() {
		t.Helper()
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil {
			t.Fatalf("ends with %v", err)
		}
	}
	end()
	s, p = serve("the templates in memory are those of the last time")
	if found := find(""); found.Search.Plan.Plan != "resident" || found.Results[0][0].FaceID != id {
		t.Errorf("after a new start %+v", found)
	}
	if strings.Contains(p.errOut.String(), "begun anew") {
		t.Error("the copy is made anew after an orderly end")
	}
	second := process(t, append(append(append([]string{"serve", "--addr", "127.0.0.1:0"}, builtIn...), v.flags...), "--log-level", "info")...)
	second.errOut.await(t, "another program holds the templates")
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // killed
	s, p = serve("serving")
	if found := find(""); found.Search.Plan.Plan != "resident" || found.Results[0][0].FaceID != id {
		t.Errorf("after a kill %+v", found)
	}
	end()
	off := process(t, append(append(append([]string{"serve", "--addr", "127.0.0.1:0", "--resident", "off"}, builtIn...), v.flags...), "--log-level", "info")...)
	off.errOut.await(t, "url=http")
	if out := v.do("doctor", "--json"); strings.Contains(out, "visage_") {
		t.Errorf("a slot is left: %s", out)
	}
}

// Where the disk is full when the service ends, it says that nothing is kept, leaves no
// file that is half written, and copies the templates anew the next time.
func TestResidentDiskFull(t *testing.T) {
	t.Parallel()
	v, space := held(t)
	disk := smallDisk(t, 16)
	if err := os.Symlink(disk, filepath.Join(v.flags[1], "resident")); err != nil {
		t.Fatal(err)
	}
	serve := func() (*program, string) {
		t.Helper()
		p := process(t, append(with([]string{"serve", "--addr", "127.0.0.1:0", "--resident", "on"}, with(builtIn, v.flags...)...), "--log-level", "info")...)
		p.errOut.await(t, "url=http")
		p.errOut.await(t, "a space is held in memory")
		return p, servedAt.FindStringSubmatch(p.errOut.String())[1]
	}
	end := func(p *program, says string) {
		t.Helper()
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil || !strings.Contains(p.errOut.String(), says) {
			t.Errorf("ends with %v and does not say %q", err, says)
		}
	}
	p, _ := serve()
	ballast := fillDisk(t, disk)
	end(p, "the templates in memory are not kept for the next time")
	if left, err := filepath.Glob(filepath.Join(disk, "*")); err != nil || len(left) != 2 { // the ballast, and the program's name
		t.Errorf("left are %v (%v)", left, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p, url := serve()
	found := (&caller{t, url}).json(200, "POST", "/v1/galleries/synthetic/search", map[string]any{"embedding": append(make([]float32, 63), 1), "space": space, "threshold": 0.3})
	if dig(found, "search", "plan") != "resident" {
		t.Errorf("found %v", found["search"])
	}
	if strings.Contains(p.errOut.String(), "are those of the last time") {
		t.Error("what could not be written is read")
	}
	end(p, "serving")
	p, _ = serve()
	end(p, "the templates in memory are those of the last time")
}

// Where the templates do not fit, the database answers.
func TestServeWithoutMemory(t *testing.T) {
	t.Parallel()
	v, space := held(t)
	p := process(t, append(append(append([]string{"serve", "--addr", "127.0.0.1:0", "--resident-memory", "1kB"}, builtIn...), v.flags...), "--log-level", "info")...)
	p.errOut.await(t, "url=http")
	p.errOut.await(t, "a space is not held in memory")
	s := &caller{t, servedAt.FindStringSubmatch(p.errOut.String())[1]}
	found := s.json(200, "POST", "/v1/galleries/synthetic/search", map[string]any{"embedding": append(make([]float32, 63), 1), "space": space, "threshold": 0.3})
	if dig(found, "search", "plan") != "exact" {
		t.Errorf("found %v", found["search"])
	}
	for want, args := range map[string][]string{
		"--resident maybe": {"--resident", "maybe"}, "--resident-memory": {"--resident-memory", "much"}, `"0"`: {"--resident-memory", "0"},
	} {
		if _, text, code := v.try(append([]string{"serve"}, args...)...); code != exitMisused || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
}

func TestBenchResident(t *testing.T) {
	t.Parallel()
	v, space := held(t)
	report := answer[bench.Report](v, "bench", "search", "--resident", "--gallery", "synthetic", "--space", space, "--rounds", "1", "--seconds", "0.2", "--probes", "50", "--clients", "1,2", "--ef-search", "100")
	if len(report.Results) != 4 {
		t.Fatalf("measured %+v", report.Results)
	}
	for i, name := range []string{"search.resident", "search.resident.hnsw", "search.resident.clients2", "search.resident.hnsw.clients2"} {
		r := report.Results[i]
		if r.Name != name || r.Value <= 0 || r.Ratio <= 0 || r.Recall == nil || *r.Recall < 0.99 || !strings.Contains(r.Notes, "p99") {
			t.Errorf("result %+v", r)
		}
	}
}
