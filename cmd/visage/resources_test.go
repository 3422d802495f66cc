package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
)

// caller is a visage that serves, in a process of its own.
type caller struct {
	*testing.T
	url string
}

var servedAt = regexp.MustCompile(`url=(http://\S+)`)

// serveProcess starts a service for the program's database.
func serveProcess(v visage, args ...string) *caller {
	v.t.Helper()
	flags := append([]string{"serve", "--addr", "127.0.0.1:0"}, builtIn...)
	p := process(v.t, append(append(append(flags, args...), v.flags...), "--log-level", "info")...)
	p.errOut.await(v.t, "url=http")
	return &caller{v.t, servedAt.FindStringSubmatch(p.errOut.String())[1]}
}

// ask sends JSON, or a body of a kind, and reads an answer of JSON.
func (s *caller) ask(status int, method, path, kind string, body []byte) map[string]any {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode != status {
		s.Fatalf("%s %s gives %d %s (%v), want %d", method, path, w.StatusCode, text, err, status)
	}
	conforms(s.T, r, body, w, text)
	var answer map[string]any
	if len(text) > 0 && strings.HasPrefix(w.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &answer); err != nil {
			s.Fatalf("%v in %s", err, text)
		}
		return answer
	}
	return map[string]any{"body": text}
}

func (s *caller) json(status int, method, path string, body any) map[string]any {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	return s.ask(status, method, path, "application/json", text)
}

// files sends files of one name, with further values.
func (s *caller) files(status int, path, field string, values map[string]string, files ...[]byte) map[string]any {
	s.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i, file := range files {
		part, err := w.CreateFormFile(field, fmt.Sprintf("%d", i))
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			s.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.Fatal(err)
	}
	return s.ask(status, http.MethodPost, path, w.FormDataContentType(), body.Bytes())
}

// dig follows names and places into an answer.
func dig(answer any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			answer = answer.(map[string]any)[step]
		case int:
			answer = answer.([]any)[step]
		}
	}
	return answer
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The true program, with models that need no weights: people are enrolled, found,
// verified and erased over HTTP, and their pictures kept.
func TestServeResources(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	s := serveProcess(newVisage(t), "--keep-crops")
	s.json(201, "POST", "/v1/galleries", map[string]any{"name": "staff"})
	var first string
	for person := range 3 {
		name := sampleName(person)
		id := dig(s.json(201, "POST", "/v1/galleries/staff/identities", map[string]any{"name": name}), "id").(string)
		photos := filepath.Join(dir, "people", name)
		added := s.files(201, "/v1/galleries/staff/identities/"+id+"/faces", "photos", nil, content(t, filepath.Join(photos, "0.jpg")), []byte("no photograph"), content(t, filepath.Join(photos, "1.jpg")))
		if dig(added, "results", 1, "error", "code") != "unsupported" || dig(added, "results", 2, "status") != "enrolled" {
			t.Errorf("enrolled %v", added)
		}
		if first == "" {
			first = dig(added, "results", 0, "faces", 0, "id").(string)
		}
		probe := content(t, filepath.Join(dir, name+".jpg"))
		if v := s.files(200, "/v1/galleries/staff/identities/-/verify?name="+name, "photo", map[string]string{"top": "2"}, probe); dig(v, "identity_id") != id || dig(v, "templates") != 2.0 {
			t.Errorf("verified %v", v)
		}
	}
	for person := range 3 {
		name := sampleName(person)
		found := s.files(200, "/v1/galleries/staff/search", "photo", nil, content(t, filepath.Join(dir, "people", name, "0.jpg")))
		if got := dig(found, "results", 0, 0, "identity"); got != name {
			t.Errorf("%s is found as %v", name, got)
		}
	}
	crop := s.ask(200, "GET", "/v1/faces/"+first+"/crop", "", nil)["body"].([]byte)
	if picture, err := jpeg.Decode(bytes.NewReader(crop)); err != nil || picture.Bounds().Dx() < 30 {
		t.Errorf("the crop is %d bytes (%v)", len(crop), err)
	}
	s.ask(204, "DELETE", "/v1/galleries/staff/identities/-?name="+sampleName(0), "", nil)
	s.ask(404, "GET", "/v1/faces/"+first+"/crop", "", nil)
	s.indexesAndModels()
}

// indexesAndModels builds an index and measures it.
func (s *caller) indexesAndModels() {
	s.Helper()
	spaces := s.ask(200, "GET", "/v1/spaces", "", nil)
	space, rows := dig(spaces, "spaces", 0, "space"), dig(spaces, "spaces", 0, "rows")
	if rows != 4.0 {
		s.Errorf("the space has %v rows", rows)
	}
	s.json(200, "POST", "/v1/indexes", map[string]any{"action": "plan", "space": space})
	s.json(200, "POST", "/v1/indexes", map[string]any{"action": "drop", "space": space})
	s.ended(s.json(202, "POST", "/v1/indexes", map[string]any{"space": space, "m": 8, "ef_construction": 32}), "done")
	s.ended(s.json(202, "POST", "/v1/recall", map[string]any{"space": space, "probes": 4}), "done")
	spaces = s.ask(200, "GET", "/v1/spaces", "", nil)
	if dig(spaces, "spaces", 0, "indexes", 0, "m") != 8.0 || dig(spaces, "spaces", 0, "indexes", 0, "recall", "probes") != 4.0 {
		s.Errorf("spaces %v", spaces)
	}
	models := s.ask(200, "GET", "/v1/models", "", nil)
	text, err := json.Marshal(models)
	if err != nil || !bytes.Contains(text, []byte(`"licence"`)) || bytes.Contains(text, []byte(`"path"`)) {
		s.Errorf("models %s (%v)", text, err)
	}
}

// ended waits for an operation.
func (s *caller) ended(operation map[string]any, want string) {
	s.Helper()
	path := "/v1/operations/" + operation["id"].(string)
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if operation = s.ask(200, "GET", path, "", nil); operation["state"] != "running" {
			break
		}
	}
	if operation["state"] != want {
		s.Errorf("the operation ended as %v", operation)
	}
}

// Folders and archives are queued over HTTP, and done by a worker.
func TestServeJobs(t *testing.T) {
	t.Parallel()
	dir, v := sampleDir(t), newVisage(t)
	s := serveProcess(v, "--ingest-root", dir)
	queued := s.json(202, "POST", "/v1/jobs", map[string]any{"folder": "people", "gallery": "folder"})
	if dig(queued, "jobs") != 1.0 || len(queued["ids"].([]any)) != 1 {
		t.Fatalf("queued %v", queued)
	}
	again := s.json(202, "POST", "/v1/jobs", map[string]any{"folder": filepath.Join(dir, "people"), "gallery": "folder"})
	if dig(again, "jobs") != 0.0 || dig(again, "jobs_standing") != 1.0 || dig(again, "ids", 0) != dig(queued, "ids", 0) {
		t.Errorf("queued again %v", again)
	}
	for range 2 {
		s.files(202, "/v1/jobs", "archive", map[string]string{"gallery": "archive"}, tarOf(t, filepath.Join(dir, "people")))
	}
	job := fmt.Sprintf("/v1/jobs/%.0f", dig(queued, "ids", 0))
	if one := s.ask(200, "GET", job, "", nil); one["state"] != "waiting" || one["files"] != 6.0 {
		t.Errorf("job %v", one)
	}
	v.do("worker", "--until-empty")
	if one := s.ask(200, "GET", job, "", nil); one["state"] != "done" || dig(one, "report", "ingested") != 6.0 {
		t.Errorf("job %v", one)
	}
	for _, gallery := range []string{"folder", "archive"} {
		if g := s.ask(200, "GET", "/v1/galleries/"+gallery, "", nil); g["identities"] != 3.0 || g["faces"] != 6.0 {
			t.Errorf("gallery %v", g)
		}
	}
	other := s.json(202, "POST", "/v1/jobs", map[string]any{"folder": "people", "gallery": "other"})
	path := fmt.Sprintf("/v1/jobs/%.0f", dig(other, "ids", 0))
	if one := s.ask(200, "DELETE", path, "", nil); one["state"] != "cancelled" {
		t.Errorf("cancelled %v", one)
	}
	if all := s.ask(200, "GET", "/v1/jobs?state=cancelled", "", nil); len(all["jobs"].([]any)) != 1 || dig(all, "counts", "done") != 2.0 {
		t.Errorf("jobs %v", all)
	}
	s.files(422, "/v1/jobs", "archive", nil, []byte("no archive"))
	s.ask(422, "GET", "/v1/jobs?state=lost", "", nil)
}

func tarOf(t *testing.T, dir string) []byte {
	t.Helper()
	var file bytes.Buffer
	w := tar.NewWriter(&file)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Reliability tests 12 and 25: no name leads out of the allowed folders, and what is
// there outside is not told from what is not.
func TestAllowedFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"root/inside/deep", "rootless", "other/root"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"root/in": "inside", "root/out": "../rootless", "root/abs": "/etc", "root/loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "root", "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := realPath(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	in := &intake{roots: []string{root}}
	for name, want := range map[string]string{
		"inside": "inside", "inside/deep": "inside/deep", ".": "", "in": "inside", "inside/../in/deep": "inside/deep", root: "", root + "/inside": "inside",
	} {
		if got, err := in.allowed(name); got != filepath.Join(root, want) || err != nil {
			t.Errorf("%q leads to %q (%v)", name, got, err)
		}
	}
	for _, name := range []string{
		"..", "../rootless", "out", "abs", "loop", "file", "none", "../none", "/etc", "/none", "inside/../..", dir, root + "less", root + "/../rootless", "a\x00b", "~",
	} {
		got, err := in.allowed(name)
		if face.CodeOf(err) != face.NotFound || got != "" {
			t.Errorf("%q leads to %q (%v)", name, got, err)
		} else if want := fmt.Sprintf("there is no folder %q below one that this server may ingest", face.Readable(name)); err.Error() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := (&intake{}).allowed("inside"); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "--ingest-root") {
		t.Errorf("without roots: %v", err)
	}
}

// Archives go when their jobs are at an end, by themselves.
func TestArchivesAreSwept(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	a := &app{log: slog.New(slog.DiscardHandler)}
	if err := a.withDatabaseAt(t.Context(), v.url(), func(db *postgres.DB) error {
		a.settings.Home = v.flags[1]
		in, err := newIntake(a, db, nil, nil)
		if err != nil {
			return err
		}
		path, err := in.source(httpapi.JobOrder{Archive: strings.NewReader("x")})
		if err != nil {
			return err
		}
		again, err := in.source(httpapi.JobOrder{Archive: strings.NewReader("x")})
		if err != nil || again != path {
			t.Errorf("the same again is %s, was %s (%v)", again, path, err)
		}
		old := time.Now().Add(-2 * uploadAge)
		if err := os.Chtimes(path, old, old); err != nil {
			return err
		}
		gone := func() error {
			for {
				if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || t.Context().Err() != nil {
					return t.Context().Err()
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		if err := a.withTidying(t.Context(), db, in, gone); err != nil {
			return err
		}
		left, err := os.ReadDir(in.uploads)
		if len(left) != 0 {
			t.Errorf("left are %v", left)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
