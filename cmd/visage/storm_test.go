package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
	gone    map[string]bool // faces of those that are surely erased
	people  []person
	program *program

	writes, searches, inMemory, unanswered, galleries atomic.Int64
	kills, slots                                      int // slots that were dropped
}

// person is an identity.
type person struct{ id, name string }

// enough says whether so much was done that it can have gone wrong.
func (s *storm) enough() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes.Load() >= 50 && s.inMemory.Load() >= 50 && s.galleries.Load() > 0 && len(s.gone) > 0 && s.kills >= 3 && s.slots > 0
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
	if err != nil {
		s.Error(err)
		return 0, "", false
	}
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil { // nobody serves, perhaps
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
			s.add(ctx, r)
		case n < 14:
			s.move(ctx, r)
		case n < 19:
			s.erase(ctx, r)
		default:
			s.gallery(ctx, r)
		}
	}
}

// known is somebody that was made before.
func (s *storm) known(r *rand.Rand) (p person, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.people) == 0 {
		return person{}, false
	}
	return s.people[r.IntN(len(s.people))], true
}

// newcomer makes an identity of a gallery.
func (s *storm) newcomer(ctx context.Context, r *rand.Rand, gallery string) (person, bool) {
	p := person{name: fmt.Sprint(r.Uint64())}
	var made struct{ ID string }
	status, _, ok := s.ask(ctx, "POST", "/v1/galleries/"+gallery+"/identities", map[string]any{"name": p.name}, &made)
	p.id = made.ID
	return p, ok && status == http.StatusCreated
}

// add enrols a face for somebody, new or not.
func (s *storm) add(ctx context.Context, r *rand.Rand) {
	p, ok := s.known(r)
	if !ok || r.IntN(4) == 0 {
		if p, ok = s.newcomer(ctx, r, "synthetic"); !ok {
			return
		}
	}
	if f := s.enrol(ctx, r, "synthetic", p); f != nil {
		s.mu.Lock()
		s.faces, s.people = append(s.faces, f), append(s.people, p)
		s.mu.Unlock()
	}
}

// enrol enrols a face.
func (s *storm) enrol(ctx context.Context, r *rand.Rand, gallery string, p person) *written {
	f := &written{vector: direction(r)}
	var made struct {
		Results []struct{ Faces []struct{ ID string } }
	}
	status, position, ok := s.ask(ctx, "POST", "/v1/galleries/"+gallery+"/identities/"+p.id+"/faces", map[string]any{"embedding": f.vector, "space": s.space}, &made)
	if !ok || status != http.StatusCreated {
		return nil
	}
	f.id, f.since, f.position = made.Results[0].Faces[0].ID, time.Now(), position
	return f
}

// move gives a face to somebody else, or to nobody.
func (s *storm) move(ctx context.Context, r *rand.Rand) {
	f, there := s.pick(r)
	p, ok := s.known(r)
	if !there || !ok {
		return
	}
	to := &p.name
	if r.IntN(4) == 0 {
		to = nil
	}
	s.ask(ctx, "PATCH", "/v1/faces/"+f.id, map[string]any{"identity": to}, nil)
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

// gallery makes one with a face, and erases it: then nobody finds it.
func (s *storm) gallery(ctx context.Context, r *rand.Rand) {
	name := fmt.Sprint("passing-", r.Uint64())
	if status, _, ok := s.ask(ctx, "POST", "/v1/galleries", map[string]any{"name": name}, nil); !ok || status != http.StatusCreated {
		return
	}
	p, ok := s.newcomer(ctx, r, name)
	if !ok {
		return
	}
	f := s.enrol(ctx, r, name, p)
	if status, _, ok := s.ask(ctx, "DELETE", "/v1/galleries/"+name, nil, nil); !ok || status != http.StatusNoContent || f == nil {
		return
	}
	query := map[string]any{"embedding": f.vector, "space": s.space, "threshold": 0.5}
	switch status, _, ok := s.ask(ctx, "POST", "/v1/galleries/"+name+"/search", query, nil); {
	case ok && status == http.StatusNotFound:
		s.galleries.Add(1)
	case ok:
		s.Errorf("a search of gallery %s, which is gone, is answered %d", name, status)
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
		erased := maps.Clone(s.gone)
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
		s.dropSlot()
	}
	s.mu.Lock()
	s.kills++
	s.mu.Unlock()
}

// dropSlot has the server forget how far the service has come, once that is cut off.
func (s *storm) dropSlot() {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), s.database)
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(s.Context()))
	for range 20 { // the service comes back as fast as it can
		_, _ = conn.Exec(s.Context(), `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE active`)
		done, err := conn.Exec(s.Context(), `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active`)
		if err == nil && done.RowsAffected() > 0 {
			s.mu.Lock()
			s.slots++
			s.mu.Unlock()
			return
		}
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
	if err := p.Wait(); err != nil && by != syscall.SIGKILL {
		s.Errorf("it ends with %v", err)
	}
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
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group sync.WaitGroup
	for n := range uint64(2) {
		group.Go(func() { s.write(ctx, n) })
		group.Go(func() { s.search(ctx, n) })
	}
	for begun := time.Now(); time.Since(begun) < stormFor(t) || !s.enough() && time.Since(begun) < 5*time.Minute; {
		time.Sleep(time.Second + rand.N(3*time.Second))
		s.kill(s.kills)
	}
	stop()
	group.Wait()
	t.Logf("%d writes, %d searches of which %d in memory, %d galleries, %d requests without an answer, %d kills, %d slots dropped; %d faces are left, %d were erased",
		s.writes.Load(), s.searches.Load(), s.inMemory.Load(), s.galleries.Load(), s.unanswered.Load(), s.kills, s.slots, len(s.faces), len(s.gone))
	if !s.enough() {
		t.Error("too little was done")
	}
	s.restart(syscall.SIGTERM)
	s.agree()
}
