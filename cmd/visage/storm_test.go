package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/pgserver"
	"github.com/visagedb/visage/search"
)

// stormDim is the dimension of what a storm writes.
const stormDim = 64

// stormFaces are how many a storm leaves at least of what it writes.
const stormFaces = 30

// written is a face that a storm has written, and what is known of it.
type written struct {
	id       string
	vector   []float32
	identity string // id
	since    time.Time
	position string // of the write
	leaving  bool   // somebody has begun to erase it
}

// storm writes to a service and searches it, while it and its database are killed.
type storm struct {
	*testing.T
	v        visage
	database string // its address
	space    string

	mu      sync.Mutex
	url     string // of the service; empty while there is none
	faces   []*written
	gone    map[string]bool // faces that are surely erased
	people  []string        // ids of identities
	program *program

	writes, searches, inMemory, unanswered atomic.Int64
}

// serve starts the service, and waits until it listens.
func (s *storm) serve() {
	s.Helper()
	p := process(s.T, with(builtIn, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-level", "info"}, s.v.flags[:2]...)...)...)
	p.errOut.await(s.T, "url=http")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.program, s.url = p, servedAt.FindStringSubmatch(p.errOut.String())[1]
}

// ask sends a request. What came of it is unknown where ok is false, which it is after a
// while only, because nobody may serve for seconds.
func (s *storm) ask(ctx context.Context, method, path string, body, into any) (status int, position string, ok bool) {
	if status, position, ok = s.send(ctx, method, path, body, into); !ok {
		s.unanswered.Add(1)
		time.Sleep(20 * time.Millisecond)
	}
	return status, position, ok
}

func (s *storm) send(ctx context.Context, method, path string, body, into any) (status int, position string, ok bool) {
	s.mu.Lock()
	url := s.url
	s.mu.Unlock()
	text, err := json.Marshal(body)
	if err != nil {
		s.Error(err)
	}
	r, err := http.NewRequestWithContext(ctx, method, url+path, bytes.NewReader(text))
	if err != nil { // nobody serves
		return 0, "", false
	}
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", false
	}
	defer w.Body.Close()
	if text, err = io.ReadAll(w.Body); err != nil {
		return 0, "", false
	}
	position = w.Header.Get("Visage-Position")
	switch {
	case w.StatusCode == http.StatusInternalServerError:
		s.Errorf("%s %s: %s", method, path, text)
	case w.StatusCode < 300 && into != nil:
		if err := json.Unmarshal(text, into); err != nil {
			s.Errorf("%s %s: %v", method, path, err)
		}
	}
	if w.StatusCode < 300 && position != "" {
		s.writes.Add(1)
	}
	return w.StatusCode, position, w.StatusCode < 500
}

// direction is a vector of length 1.
func direction(r *rand.Rand) []float32 {
	v, sum := make([]float32, stormDim), 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// pick is a face that is there, for sure.
func (s *storm) pick(r *rand.Rand) (written, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faces) == 0 {
		return written{}, false
	}
	f := s.faces[r.IntN(len(s.faces))]
	return *f, !f.leaving
}

// write adds, moves and erases faces, and galleries with them, until ctx ends.
func (s *storm) write(ctx context.Context, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for ctx.Err() == nil {
		switch n := r.IntN(20); {
		case n < 10:
			s.add(ctx, r, "synthetic")
		case n < 14:
			s.move(ctx, r)
		case n < 19:
			s.erase(ctx, r)
		default:
			s.gallery(ctx, r)
		}
	}
}

// person is an identity of a gallery, which may be new.
func (s *storm) person(ctx context.Context, r *rand.Rand, gallery string) (id string, ok bool) {
	s.mu.Lock()
	if n := len(s.people); gallery == "synthetic" && n > 0 && r.IntN(4) > 0 {
		id = s.people[r.IntN(n)]
	}
	s.mu.Unlock()
	if id != "" {
		return id, true
	}
	var made struct{ ID string }
	status, _, ok := s.ask(ctx, "POST", "/v1/galleries/"+gallery+"/identities", map[string]any{"name": fmt.Sprint(r.Uint64())}, &made)
	if !ok || status != http.StatusCreated {
		return "", false
	}
	if gallery == "synthetic" {
		s.mu.Lock()
		s.people = append(s.people, made.ID)
		s.mu.Unlock()
	}
	return made.ID, true
}

// add enrols a face, and returns it.
func (s *storm) add(ctx context.Context, r *rand.Rand, gallery string) *written {
	identity, ok := s.person(ctx, r, gallery)
	if !ok {
		return nil
	}
	f := &written{vector: direction(r), identity: identity}
	var made struct {
		Results []struct{ Faces []struct{ ID string } }
	}
	status, position, ok := s.ask(ctx, "POST", "/v1/galleries/"+gallery+"/identities/"+identity+"/faces", map[string]any{"embedding": f.vector, "space": s.space}, &made)
	if !ok || status != http.StatusCreated {
		return nil
	}
	f.id, f.since, f.position = made.Results[0].Faces[0].ID, time.Now(), position
	if gallery == "synthetic" {
		s.mu.Lock()
		s.faces = append(s.faces, f)
		s.mu.Unlock()
	}
	return f
}

// move gives a face another identity.
func (s *storm) move(ctx context.Context, r *rand.Rand) {
	f, there := s.pick(r)
	if there {
		s.ask(ctx, "PATCH", "/v1/faces/"+f.id, map[string]any{"identity": nil}, nil)
	}
}

// erase erases a face, which is gone for sure once that is answered.
func (s *storm) erase(ctx context.Context, r *rand.Rand) {
	s.mu.Lock()
	if len(s.faces) < stormFaces {
		s.mu.Unlock()
		return
	}
	i := r.IntN(len(s.faces))
	f := s.faces[i]
	f.leaving = true
	s.faces[i] = s.faces[len(s.faces)-1]
	s.faces = s.faces[:len(s.faces)-1]
	s.mu.Unlock()
	if status, _, ok := s.ask(ctx, "DELETE", "/v1/faces/"+f.id, nil, nil); ok && status == http.StatusNoContent {
		s.mu.Lock()
		s.gone[f.id] = true
		s.mu.Unlock()
	}
}

// gallery makes one with a face, and erases it.
func (s *storm) gallery(ctx context.Context, r *rand.Rand) {
	name := fmt.Sprint("passing-", r.Uint64())
	if status, _, ok := s.ask(ctx, "POST", "/v1/galleries", map[string]any{"name": name}, nil); !ok || status != http.StatusCreated {
		return
	}
	f := s.add(ctx, r, name)
	status, _, ok := s.ask(ctx, "DELETE", "/v1/galleries/"+name, nil, nil)
	if ok && status == http.StatusNoContent && f != nil {
		s.mu.Lock()
		s.gone[f.id] = true
		s.mu.Unlock()
	}
}

// search searches for faces that were written until ctx ends: none that was erased
// before is in an answer, and none is missing that was written before the lag that the
// answer tells, or up to the position that the search asks for.
func (s *storm) search(ctx context.Context, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for ctx.Err() == nil {
		f, there := s.pick(r)
		if !there {
			time.Sleep(time.Millisecond)
			continue
		}
		s.mu.Lock()
		gone := len(s.gone)
		erased := make(map[string]bool, gone)
		for id := range s.gone {
			erased[id] = true
		}
		s.mu.Unlock()
		begun, own := time.Now(), r.IntN(2) == 0
		ask := map[string]any{"embedding": f.vector, "space": s.space, "threshold": 0.5, "k": 5}
		if own {
			ask["min_lsn"] = f.position
		}
		var found search.FindResult
		status, _, ok := s.ask(ctx, "POST", "/v1/galleries/synthetic/search", ask, &found)
		if !ok || status != http.StatusOK {
			continue
		}
		s.searches.Add(1)
		if found.Search.Plan.Plan == face.PlanResident {
			s.inMemory.Add(1)
		}
		listed := false
		for _, m := range found.Results[0] {
			listed = listed || m.FaceID == f.id
			if erased[m.FaceID] {
				s.Errorf("%s was erased before the search, and is in its answer %+v", m.FaceID, found.Search.Plan)
			}
		}
		known := own && f.position != "" || f.since.Before(begun.Add(-time.Duration(found.Search.Lag*float64(time.Second))))
		if listed || !known {
			continue
		}
		s.mu.Lock()
		if s.there(f.id) {
			s.Errorf("%s, written %s before, is not in the answer %+v", f.id, begun.Sub(f.since), found.Search.Plan)
		}
		s.mu.Unlock()
	}
}

// there says whether nobody has begun to erase a face.
func (s *storm) there(id string) bool {
	for _, f := range s.faces {
		if f.id == id {
			return true
		}
	}
	return false
}

// kill does some harm, of three kinds by turns: to the service, to the database, or to
// the service's slot.
func (s *storm) kill(n int) {
	s.Helper()
	switch n % 3 {
	case 0:
		s.restart(syscall.SIGKILL)
	case 1:
		if err := syscall.Kill(answer[pgserver.Report](s.v, "db", "status").PID, syscall.SIGKILL); err != nil {
			s.Fatal(err)
		}
		s.v.do("db", "start")
	default:
		conn, err := pgx.Connect(s.Context(), s.database)
		if err != nil {
			s.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(s.Context()))
		_, _ = conn.Exec(s.Context(), `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`)
		_, _ = conn.Exec(s.Context(), `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active`) // who is faster
	}
}

// restart ends the service, and starts it again.
func (s *storm) restart(by syscall.Signal) {
	s.Helper()
	s.mu.Lock()
	p := s.program
	s.url = ""
	s.mu.Unlock()
	if err := p.Process.Signal(by); err != nil {
		s.Fatal(err)
	}
	_ = p.Wait() // it was killed
	s.serve()
}

// stormFor is for how long the test does everything at once: VISAGE_TEST_STORM, or a
// short while.
func stormFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("VISAGE_TEST_STORM")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("VISAGE_TEST_STORM: %v", err)
	}
	return d
}

// While faces are added, moved and erased, galleries come and go, and the service, its
// database and its slot are killed at random moments, no answer has a face that was
// erased, and none lacks one that was committed before the lag that it states. At the
// end the search in memory, the index at full recall and the exact one agree.
func TestStorm(t *testing.T) {
	t.Parallel()
	v, database := privateVisage(t)
	answer[bench.Report](v, "bench", "gallery", "--dim", fmt.Sprint(stormDim), "--effective-dim", "40", "--genuine-sd", "0.15", "--identities", "500")
	s := &storm{T: t, v: v, database: database, space: spacesOf(v)[0].Name, gone: map[string]bool{}}
	s.serve()
	s.program.errOut.await(t, "a space is held in memory")
	ctx, stop := context.WithTimeout(t.Context(), stormFor(t))
	defer stop()
	var group sync.WaitGroup
	for n := range uint64(2) {
		group.Go(func() { s.write(ctx, n) })
		group.Go(func() { s.search(ctx, n) })
	}
	kills := 0
	for ; ctx.Err() == nil; kills++ {
		time.Sleep(time.Second + rand.N(3*time.Second))
		s.kill(kills)
	}
	group.Wait()
	t.Logf("%d writes, %d searches of which %d in memory, %d requests without an answer, %d kills; %d faces are left, %d were erased",
		s.writes.Load(), s.searches.Load(), s.inMemory.Load(), s.unanswered.Load(), kills, len(s.faces), len(s.gone))
	if s.writes.Load() < 50 || s.inMemory.Load() < 50 || len(s.gone) == 0 || kills < 3 {
		t.Error("too little was done")
	}
	s.restart(syscall.SIGTERM)
	s.agree()
}
