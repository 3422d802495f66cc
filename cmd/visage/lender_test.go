package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/config"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// openings are a lender's that opens the built-in models whatever is asked for.
type openings struct {
	app   *app
	calls atomic.Int32
	now   atomic.Int64  // at once, how many
	most  atomic.Int64  // were at once
	hold  chan struct{} // nil, or an opening waits for it
	fail  atomic.Pointer[error]
}

func (o *openings) open(embed.Config) (*embed.Embedder, error) {
	o.calls.Add(1)
	o.most.Store(max(o.most.Load(), o.now.Add(1)))
	defer o.now.Add(-1)
	if o.hold != nil && o.calls.Load() > 1 {
		<-o.hold
	}
	if err := o.fail.Load(); err != nil {
		return nil, *err
	}
	return o.app.openEmbedder(builtInModels)
}

// lending is a lender of the built-in models under the names of others.
func lending(t *testing.T, most int) (*lender, *openings) {
	t.Helper()
	o := &openings{app: &app{log: slog.New(slog.DiscardHandler), settings: config.Settings{Home: t.TempDir()}}}
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLender(builtInModels, most, entries, o.app.log, o.open)
	if err != nil {
		t.Fatal(err)
	}
	l.rest = 0
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, o
}

func (l *lender) mustLend(t *testing.T, c httpapi.Choice) (httpapi.Embedder, func()) {
	t.Helper()
	e, giveBack, err := l.Lend(t.Context(), c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return e, giveBack
}

// One opening serves all who name the same models, however they write them.
func TestLenderOpensOnce(t *testing.T) {
	t.Parallel()
	l, o := lending(t, 3)
	for _, c := range []httpapi.Choice{{}, {Recognizer: "lbph"}, {Detector: "OpenCV"}, {Detector: "auto", Normalization: "base"}} {
		_, giveBack := l.mustLend(t, c)
		giveBack()
		giveBack() // twice is once
	}
	if o.calls.Load() != 1 {
		t.Errorf("opened %d times, and only the server's own were asked for", o.calls.Load())
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, giveBack, err := l.Lend(t.Context(), httpapi.Choice{Detector: []string{"skip", "SKIP"}[i%2]})
			if err != nil {
				t.Error(err)
				return
			}
			giveBack()
		})
	}
	all.Wait()
	if o.calls.Load() != 2 {
		t.Errorf("opened %d times for twenty who want the same", o.calls.Load())
	}
}

// Ways of cutting faces out, of which there are thousands, open nothing. (The
// built-in recogniser has none; that they are refused shows that nothing was opened.)
func TestLenderDoesNotOpenForCrops(t *testing.T) {
	t.Parallel()
	l, o := lending(t, 3)
	for expand := range 1000 {
		if _, _, err := l.Lend(t.Context(), httpapi.Choice{Expand: expand + 1}); face.CodeOf(err) != face.Invalid {
			t.Fatalf("expanded by %d: %v", expand+1, err)
		}
	}
	if o.calls.Load() != 1 {
		t.Errorf("opened %d times", o.calls.Load())
	}
}

// Models that were used just now are not closed for others: whoever names others in
// each request cannot make the server load without end.
func TestLenderIsNotMadeToThrash(t *testing.T) {
	t.Parallel()
	l, o := lending(t, 2)
	var at atomic.Int64
	l.now, l.rest = func() time.Time { return time.Unix(at.Load(), 0) }, 10*time.Second
	names := []string{"skip", "yunet", "scrfd", "ssd", "mtcnn"}
	refused := 0
	for range 100 {
		for _, name := range names {
			_, giveBack, err := l.Lend(t.Context(), httpapi.Choice{Detector: name})
			if err != nil {
				if face.CodeOf(err) != face.Unavailable {
					t.Fatal(err)
				}
				refused++
				continue
			}
			giveBack()
		}
	}
	if o.calls.Load() != 3 || refused != 300 {
		t.Errorf("opened %d times, refused %d", o.calls.Load(), refused)
	}
	at.Store(20)
	_, giveBack := l.mustLend(t, httpapi.Choice{Detector: "scrfd"})
	giveBack()
	l.out.Wait()
	if len(l.lent) != 3 {
		t.Errorf("%d are open, want the server's own and 2", len(l.lent))
	}
}

// Models in use are not closed, and give room once they are given back.
func TestLenderKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	l, _ := lending(t, 1)
	e, giveBack := l.mustLend(t, httpapi.Choice{Detector: "skip"})
	if _, _, err := l.Lend(t.Context(), httpapi.Choice{Detector: "yunet"}); face.CodeOf(err) != face.Unavailable {
		t.Errorf("a second one beside it: %v", err)
	}
	if _, err := e.Faces(t.Context(), encoded(t, drawn(1, 80)), httpapi.Wanted{Anyway: true}); err != nil {
		t.Errorf("in use: %v", err)
	}
	giveBack()
	_, again := l.mustLend(t, httpapi.Choice{Detector: "yunet"})
	again()
}

// Whoever waits for models may go away, others are served meanwhile, and one set is
// opened at a time.
func TestLenderDoesNotMakeOthersWait(t *testing.T) {
	t.Parallel()
	l, o := lending(t, 3)
	o.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for _, name := range []string{"skip", "yunet"} {
		go func() {
			_, giveBack, err := l.Lend(ctx, httpapi.Choice{Detector: name})
			if err == nil {
				giveBack()
			}
			ended <- err
		}()
	}
	_, giveBack := l.mustLend(t, httpapi.Choice{}) // while the others are opened
	giveBack()
	for o.calls.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for range 2 {
		if err := <-ended; face.CodeOf(err) != face.Cancelled {
			t.Errorf("who went away got %v", err)
		}
	}
	close(o.hold)
	l.out.Wait()
	if o.calls.Load() != 2 || o.most.Load() != 1 {
		t.Errorf("%d openings, %d at once: nobody waited for the second", o.calls.Load(), o.most.Load())
	}
}

// A failure is the request's, not the next one's, and what is wrong with the
// server's files is not told to callers (reliability test 29).
func TestLenderFailures(t *testing.T) {
	t.Parallel()
	l, o := lending(t, 3)
	for _, c := range []struct {
		err  error
		want face.Code
	}{
		{face.Errorf(face.Unavailable, "not installed: run `visage models pull yunet`"), face.Unavailable},
		{face.Errorf(face.Mismatch, "/secret/yunet.onnx is damaged: its SHA-256 is 00"), face.Unavailable},
		{errors.New("/secret"), face.Unavailable},
	} {
		o.fail.Store(&c.err)
		_, _, err := l.Lend(t.Context(), httpapi.Choice{Detector: "yunet"})
		if face.CodeOf(err) != c.want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v becomes %v", c.err, err)
		}
	}
	o.fail.Store(nil)
	_, giveBack := l.mustLend(t, httpapi.Choice{Detector: "yunet"})
	giveBack()
	before := o.calls.Load()
	for _, c := range []httpapi.Choice{{Recognizer: "nobody"}, {Detector: "nobody"}, {Recognizer: "none"}, {Normalization: "nobody"}, {Recognizer: "'; DROP TABLE"}} {
		if _, _, err := l.Lend(t.Context(), c); !slices.Contains([]face.Code{face.NotFound, face.Invalid}, face.CodeOf(err)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if o.calls.Load() != before {
		t.Error("models were opened for names that nobody has")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.Lend(ended, httpapi.Choice{}); face.CodeOf(err) != face.Cancelled {
		t.Errorf("for a request that is over: %v", err)
	}
}

// Close waits for what is in use, and lends nothing more.
func TestLenderCloses(t *testing.T) {
	t.Parallel()
	l, _ := lending(t, 3)
	e, giveBack := l.mustLend(t, httpapi.Choice{Detector: "skip"})
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	for {
		_, back, err := l.Lend(t.Context(), httpapi.Choice{})
		if err != nil {
			break
		}
		back()
	}
	if _, err := e.Faces(t.Context(), encoded(t, drawn(1, 80)), httpapi.Wanted{Anyway: true}); err != nil {
		t.Errorf("in use while it closes: %v", err)
	}
	giveBack()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, _, err := l.Lend(t.Context(), httpapi.Choice{}); face.CodeOf(err) != face.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}
