package registry

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is a server of weights, and an empty folder to put them.
type shop struct {
	*httptest.Server
	dir   string
	lock  sync.Mutex
	stock map[string]string // path to content
	asked []string          // paths, with the range asked for
}

func newShop(t *testing.T, stock map[string]string) *shop {
	t.Helper()
	s := &shop{dir: filepath.Join(t.TempDir(), "models"), stock: stock}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	content, ok := s.stock[r.URL.Path]
	s.asked = append(s.asked, r.URL.Path+" "+r.Header.Get("Range"))
	s.lock.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

// put changes what the server has.
func (s *shop) put(path, content string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.stock[path] = content
}

// sells describes a file of the shop whose hash is known.
func (s *shop) sells(name string) File {
	f := weights(name, s.stock["/"+name])
	f.URL = s.URL + "/" + name
	return f
}

// offers describes a file of the shop whose hash nobody gives.
func (s *shop) offers(name string) File {
	return File{Name: name, URL: s.URL + "/" + name, Unpinned: true}
}

// pull pulls a model's first file with a store that knows this model alone.
func (s *shop) pull(t *testing.T, e Entry, unpinned bool) ([]Placed, error) {
	t.Helper()
	return NewStore([]Entry{e}, s.dir).Pull(t.Context(), e, e.Files[0], Download{Client: s.Client(), Unpinned: unpinned})
}
