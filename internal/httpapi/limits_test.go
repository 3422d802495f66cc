package httpapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

func newListener(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// endless is a body without an end.
type endless struct{ sent atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.sent.Add(int64(len(p)))
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// chunked puts what is read into chunks of 4,096 bytes.
type chunked struct{ from io.Reader }

func (c chunked) Read(p []byte) (int, error) {
	const head, tail = "1000\r\n", "\r\n"
	n := copy(p, head)
	if _, err := io.ReadFull(c.from, p[n:n+4096]); err != nil {
		return 0, err
	}
	return n + 4096 + copy(p[n+4096:], tail), nil
}

// A body of 100 MB, one that does not end and one that is compressed are refused, and
// cost no memory (reliability test 22).
func TestLargeBodies(t *testing.T) { //nolint:paralleltest // it counts what the process has in use
	b := setup(t, Config{MaxBody: 1 << 20})
	url, _ := b.listen()
	// A client that reads while it writes, as Go's does not always.
	send := func(body io.Reader, headers ...string) (status int, text string) {
		t.Helper()
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /represent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n\r\n", strings.Join(headers, "\r\n"))
		written := make(chan struct{})
		go func() {
			defer close(written)
			_, _ = io.Copy(c, body) // is cut off
		}()
		a, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		text = drain(t, a)
		_ = c.Close() // the other side has closed it
		<-written
		return a.StatusCode, text
	}
	before := memory()
	announced := &endless{}
	if status, text := send(io.LimitReader(announced, 100<<20), "Content-Length: 104857600"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("100 MB: %d %s", status, text)
	}
	if announced.sent.Load() > 20<<20 {
		t.Errorf("%d bytes of 100 MB were taken", announced.sent.Load())
	}
	unending := &endless{}
	if status, text := send(chunked{unending}, "Transfer-Encoding: chunked"); status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "too_large") {
		t.Errorf("without end: %d %s", status, text)
	}
	if unending.sent.Load() > 20<<20 {
		t.Errorf("%d bytes of a body without end were taken", unending.sent.Load())
	}
	var bomb bytes.Buffer
	pack := gzip.NewWriter(&bomb)
	if _, err := io.Copy(pack, io.LimitReader(&endless{}, 100<<20)); err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	length := fmt.Sprintf("Content-Length: %d", bomb.Len())
	if status, text := send(&bomb, length, "Content-Encoding: gzip"); status != http.StatusUnsupportedMediaType || !strings.Contains(text, "compressed") {
		t.Errorf("gzip: %d %s", status, text)
	}
	if grown := int64(memory()) - int64(before); grown > 32<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
}

// memory is what Go has in use.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// Clients that send their headers or bodies slowly, and 2,000 that send nothing, are
// cut off in time and do not hold up others (reliability test 21).
func TestSlowClients(t *testing.T) { //nolint:paralleltest // it compares times
	b := setup(t, Config{BodyTimeout: 3 * time.Second, MaxInferences: 2, MaxWaiting: 2})
	url, _ := b.listen()
	quick := func() time.Duration {
		begun := time.Now()
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/represent", strings.NewReader(photoBody("a face")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if text := drain(t, a); a.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", a.Status, text)
		}
		return time.Since(begun)
	}
	alone := ninetyNinth(200, quick)
	address := strings.TrimPrefix(url, "http://")
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close() // many are closed by the other side
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	connect := func(said string) net.Conn {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if _, err := io.WriteString(c, said); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 2000 {
		connect("")
	}
	header := connect("POST /represent HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	var body net.Conn
	for range 100 { // more than may infer, and more than may wait for it
		body = connect("POST /represent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	}
	// Twice, and what a busy machine takes anyway.
	if crowded := ninetyNinth(200, quick); crowded > 2*alone+100*time.Millisecond {
		t.Errorf("the 99th of 100 requests took %s, without the others %s", crowded, alone)
	}
	for what, c := range map[string]net.Conn{"headers": header, "a body": body} {
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(c); err != nil && !errors.Is(err, net.ErrClosed) && isTimeout(err) {
			t.Errorf("%s that do not come are waited for: %q, %v", what, text, err)
		}
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// ninetyNinth is the time that 99 of 100 tries stay below.
func ninetyNinth(n int, try func() time.Duration) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		took[i] = try()
	}
	slices.Sort(took)
	return took[n*99/100-1]
}

// Of many requests at once as many as may use the models do, as many as may wait
// wait, and the others are told to come again.
func TestModelsAreSharedInTurn(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{MaxInferences: 3, MaxWaiting: 5})
	release := make(chan struct{})
	var at, most atomic.Int32
	b.models.embed = func(context.Context, []byte) error {
		for n := at.Add(1); ; {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		<-release
		at.Add(-1)
		return nil
	}
	var done sync.WaitGroup
	var served, shed atomic.Int32
	for range 40 {
		done.Go(func() {
			switch a := b.ask("POST", "/represent", photoBody("a face")); {
			case a.status == http.StatusOK:
				served.Add(1)
			case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "1":
				shed.Add(1)
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	b.until("shed", func() bool { return shed.Load() == 32 })
	if l := b.server.Load(); l.Inferring != 3 || l.WaitingToInfer != 5 || l.UnderWay != 8 {
		t.Errorf("load %+v", l)
	}
	close(release)
	done.Wait()
	if served.Load() != 8 || most.Load() != 3 {
		t.Errorf("%d were served, %d at once", served.Load(), most.Load())
	}
	if l := b.server.Load(); l != (Load{}) {
		t.Errorf("load in the end %+v", l)
	}
}

// A caller leaves: what works for it ends, nothing is logged as a fault of ours
// (reliability test 32).
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	begun, ended := make(chan struct{}), make(chan error, 1)
	b.models.embed = func(ctx context.Context, _ []byte) error {
		close(begun)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return face.Wrap(face.Cancelled, ctx.Err(), "embed")
	}
	url, stop := b.listen()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/represent", strings.NewReader(photoBody("a face")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() { <-begun; leave() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if a, err := client.Do(r); err == nil {
		t.Errorf("answered %s", drain(t, a))
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the work ended by %v", err)
		}
	case <-time.After(5 * time.Minute):
		t.Fatal("the work goes on")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if text := b.log.String(); !strings.Contains(text, `"status":499`) || strings.Contains(text, "ERROR") || strings.Contains(text, "WARN") {
		t.Errorf("log %s", text)
	}
}

// Work that takes too long is 503, not the caller's leaving.
func TestWorkTakesTooLong(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Timeout: 20 * time.Millisecond})
	b.models.embed = func(ctx context.Context, _ []byte) error {
		<-ctx.Done()
		return face.Wrap(face.Cancelled, ctx.Err(), "embed")
	}
	a := b.ask("POST", "/represent", photoBody("a face"))
	b.refuses(a, http.StatusServiceUnavailable, "unavailable")
	if a.header.Get("Retry-After") != "1" || !strings.Contains(a.body, "too long") {
		t.Errorf("%s %v", a.body, a.header)
	}
}

func TestFacesAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{MaxFaces: 7})
	for _, c := range []struct{ asked, want int }{{0, 7}, {3, 3}, {7, 7}, {8, 7}} {
		body := strings.Replace(photoBody("a face"), "{", fmt.Sprintf(`{"max_faces":%d,`, c.asked), 1)
		if a := b.ask("POST", "/represent", body); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if got := b.models.wants[len(b.models.wants)-1].MaxFaces; got != c.want {
			t.Errorf("%d faces were asked for, %d of the models; want %d", c.asked, got, c.want)
		}
	}
}

// Each caller has a bucket of its own, however many there are.
func TestRates(t *testing.T) {
	t.Parallel()
	m, now := newMeter(2, 3), time.Now()
	for i := range 3 {
		if wait := m.take("a", now); wait != 0 {
			t.Errorf("request %d waits %s", i, wait)
		}
	}
	if wait := m.take("a", now); wait != 500*time.Millisecond {
		t.Errorf("the fourth request at once waits %s", wait)
	}
	if wait := m.take("b", now); wait != 0 {
		t.Errorf("another's first request waits %s", wait)
	}
	if wait := m.take("a", now.Add(500*time.Millisecond)); wait != 0 {
		t.Errorf("half a second later it waits %s", wait)
	}
	for i := range 2 * metered {
		m.take(fmt.Sprint(i), now)
	}
	if len(m.buckets) > metered+1 {
		t.Errorf("%d buckets", len(m.buckets))
	}
	m.take("a", now.Add(time.Hour))
	if len(m.buckets) != 1 {
		t.Errorf("%d buckets after an hour", len(m.buckets))
	}
	if wait := newMeter(0, 0).take("a", now); wait != 0 {
		t.Errorf("without a limit it waits %s", wait)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"192.0.2.7:99": "192.0.2.7", "[::ffff:192.0.2.7]:99": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64", "@": "elsewhere",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		if got := addressOf(r); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
}

// SIGTERM ends the context of Serve: /readyz says so first, what is under way is
// finished, then nothing listens any more (reliability test 35).
func TestDrain(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{DrainDelay: 300 * time.Millisecond})
	begun, release := make(chan struct{}), make(chan struct{})
	b.models.embed = func(context.Context, []byte) error { close(begun); <-release; return nil }
	url, stop := b.listen()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", url+path, nil)
		if err != nil {
			return nil, err
		}
		return client.Do(r)
	}
	status := make(chan int, 1)
	go func() {
		a, err := client.Post(url+"/represent", "application/json", strings.NewReader(photoBody("a face")))
		if err != nil {
			status <- 0
			return
		}
		_ = a.Body.Close()
		status <- a.StatusCode
	}()
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	b.until("draining", func() bool { return b.server.draining.Load() })
	a, err := get("/readyz")
	if err != nil {
		t.Fatal(err)
	}
	if text := drain(t, a); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "ending") {
		t.Errorf("/readyz: %s %s", a.Status, text)
	}
	b.until("closed", func() bool {
		a, err := get("/healthz")
		if err == nil {
			drain(t, a)
		}
		return err != nil
	})
	close(release)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the request under way got %d", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Lines of a request cannot be told apart by what a caller puts into them.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	for _, c := range []struct {
		sent string
		kept bool
	}{{"abc-1.2_Z", true}, {strings.Repeat("x", 65), false}, {"a b", false}, {"a\tb", false}, {"é", false}, {"", false}} {
		got := b.ask("GET", "/healthz", "", "X-Request-Id", c.sent).header.Get("X-Request-Id")
		if kept := got == c.sent; kept != c.kept || got == "" {
			t.Errorf("%q became %q", c.sent, got)
		}
	}
}

// random is some bytes that occur nowhere else.
func random(n int) string {
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails
	return string(text)
}

// Who sends more than the limit loses the connection, even where net/http would have
// read the little that is left (reliability test 22).
func TestConnectionOfTooMuchIsClosed(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{MaxBody: 1000})
	url, _ := b.listen()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /represent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n%s\r\n0\r\n\r\n", strings.Repeat(" ", 2000))
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusRequestEntityTooLarge || !a.Close {
		t.Errorf("%s, closed %t", a.Status, a.Close)
	}
}
