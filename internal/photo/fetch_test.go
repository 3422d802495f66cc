package photo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

const picture = "the bytes of a picture"

func sendPicture(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, picture) }

func TestURL(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for header, want := range map[string]string{"User-Agent": "visage", "Accept-Encoding": "identity", "Cookie": "", "Referer": "", "Authorization": ""} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		if hops := strings.Count(r.URL.Path, "/hop"); hops > 0 {
			http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/hop")+"?key=secret", []int{301, 302, 303, 307, 308}[hops%5])
			return
		}
		sendPicture(w, r)
	})
	r := newReader(t, intranet(t, server.URL))
	if r.urls.transport.Proxy != nil {
		t.Error("a proxy would be used")
	}
	for hops := range 4 {
		data, err := r.Read(t.Context(), server.URL+strings.Repeat("/hop", hops)+"/a%20b.jpg?key=secret#part")
		if err != nil || string(data) != picture {
			t.Errorf("%d redirects: %q, %v", hops, data, err)
		}
	}
	if n := requests.Load(); n != 1+2+3+4 {
		t.Errorf("%d requests", n)
	}
	_, err := r.Read(t.Context(), server.URL+strings.Repeat("/hop", 4)+"/a.jpg?key=secret")
	wantError(t, "4 redirects", err, face.Invalid, "more than 3 redirects", server.URL+"/hop/hop/hop/hop/a.jpg redirected to "+server.URL+"/hop/a.jpg is refused")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%v tells the query", err)
	}
	if n := requests.Load(); n != 10+4 {
		t.Errorf("%d requests", n)
	}
}

func TestURLRefused(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, sendPicture)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	inside := newReader(t, intranet(t, server.URL))
	public := intranet(t, server.URL)
	public.AllowPrivate = false
	outside := newReader(t, public)
	names(outside, always())
	for _, c := range []struct {
		reader    *Reader
		url, word string
	}{
		{inside, "ftp://127.0.0.1" + port, "only http and https"},
		{inside, "file:///etc/passwd", "only http and https"},
		{inside, "gopher://127.0.0.1" + port + "/_x", "only http and https"},
		{inside, "http://user@127.0.0.1" + port, "user"},
		{inside, "http://user:secret@127.0.0.1" + port, "user"},
		{inside, "http://@127.0.0.1" + port, "user"},
		{inside, "http:///a.jpg", "no host"},
		{inside, "http://" + port, "no host"},
		{inside, "http://127.0.0.1/", "port 80"},
		{inside, "https://127.0.0.1/", "port 443"},
		{inside, "http://127.0.0.1:22/", "port 22"},
		{inside, "http://127.0.0.1:99999/", "port 99999"},
		{inside, "http://127.0.0.1:http/", "well formed"},
		{inside, "http://127.0.0.1" + port + "/%zz", "well formed"},
		{inside, "http://127.0.0.1" + port + "/a\nHost: b", "well formed"},
		{inside, "http://0.0.0.0" + port, "unspecified"},
		{inside, "http://169.254.169.254" + port + "/latest/meta-data", "link-local"},
		{outside, "http://127.0.0.1" + port, "loopback"},
		{outside, "HTTP://127.8.8.8" + port, "loopback"},
		{outside, "http://[::ffff:127.0.0.1]" + port, "loopback"},
		{outside, "http://[::ffff:7f00:1]" + port, "loopback"},
		{outside, "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460" + port, "loopback"},
		{outside, "http://localhost" + port, "loopback"},
		{outside, "http://10.1.2.3" + port, "private"},
	} {
		_, err := c.reader.Read(t.Context(), c.url)
		wantError(t, c.url, err, face.Invalid, "is refused", c.word)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells the password", err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "[::1%25lo]", "[::1]"} {
		if data, err := outside.Read(t.Context(), "http://"+host+port); err == nil {
			t.Errorf("%s: read %q", host, data)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

// Each redirect is checked as if it had been named.
func TestRedirectsRefused(t *testing.T) {
	t.Parallel()
	to := map[string]string{
		"/metadata": "http://169.254.169.254/latest", "/unspecified": "//0.0.0.0/", "/file": "file:///etc/passwd", "/user": "http://u:secret@127.0.0.1/",
		"/port": "http://127.0.0.1:22/", "/data": "data:image/png;base64,AAAA", "/loop": "/loop", "/none": "", "/bad": "http://%zz/",
	}
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if where := to[r.URL.Path]; where != "" {
			w.Header().Set("Location", where)
		}
		w.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(w, "secret")
	})
	cfg := intranet(t, server.URL)
	cfg.Ports = append(cfg.Ports, 80)
	r := newReader(t, cfg)
	for path, c := range map[string]struct {
		code face.Code
		word string
	}{
		"/metadata": {face.Invalid, "link-local"}, "/unspecified": {face.Invalid, "unspecified"}, "/file": {face.Invalid, "only http"},
		"/user": {face.Invalid, "user"}, "/port": {face.Invalid, "port 22"}, "/data": {face.Invalid, "only http"}, "/loop": {face.Invalid, "more than 3"},
		"/none": {face.Unavailable, "no URL"}, "/bad": {face.Unavailable, "no URL"},
	} {
		_, err := r.Read(t.Context(), server.URL+path)
		wantError(t, path, err, c.code, server.URL+path, c.word)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells what was sent", err)
		}
	}
}

func TestEncrypted(t *testing.T) {
	t.Parallel()
	open, requests := serve(t, sendPicture)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, open.URL, http.StatusFound)
			return
		}
		sendPicture(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	cfg := intranet(t, server.URL, open.URL)
	_, err := newReader(t, cfg).Read(t.Context(), server.URL)
	wantError(t, "unknown certificate", err, face.Unavailable, "certificate")
	r := newReader(t, cfg)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	r.urls.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	if data, err := r.Read(t.Context(), server.URL); err != nil || string(data) != picture {
		t.Errorf("%q, %v", data, err)
	}
	_, err = r.Read(t.Context(), server.URL+"/down")
	wantError(t, "downgrade", err, face.Invalid, "from https to http")
	if requests.Load() != 0 {
		t.Error("the downgrade was followed")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	long := strings.Repeat("x", 101)
	for _, c := range []struct {
		what, answer string
		code         face.Code
		word         string
	}{
		{"whole", head + "Content-Length: 22\r\n\r\n" + picture, "", ""},
		{"length untold", head + "\r\n" + picture, "", ""},
		{"chunked", head + "Transfer-Encoding: chunked\r\n\r\n16\r\n" + picture + "\r\n0\r\n\r\n", "", ""},
		{"identity", head + "Content-Encoding: identity\r\n\r\n" + picture, "", ""},
		{"after an early hint", "HTTP/1.1 103 Early Hints\r\n\r\n" + head + "\r\n" + picture, "", ""},
		{"ends early", head + "Content-Length: 1000\r\n\r\n" + picture, face.TooLarge, "100 bytes"},
		{"ends early within the limit", head + "Content-Length: 99\r\n\r\n" + picture, face.Unavailable, "unexpected EOF"},
		{"chunk ends early", head + "Transfer-Encoding: chunked\r\n\r\n60\r\n" + picture, face.Unavailable, "unexpected EOF"},
		{"claims to be huge", head + "Content-Length: 9000000000000000000\r\n\r\n" + picture, face.TooLarge, "100 bytes"},
		{"negative length", head + "Content-Length: -1secret\r\n\r\n" + picture, face.Unavailable, "as it should"},
		{"long", head + "Content-Length: 101\r\n\r\n" + long, face.TooLarge, "100 bytes"},
		{"long, length untold", head + "\r\n" + long, face.TooLarge, "100 bytes"},
		{"long, chunked", head + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + long + "\r\n0\r\n\r\n", face.TooLarge, "100 bytes"},
		{"compressed", head + "Content-Encoding: gzip\r\n\r\n" + picture, face.Unsupported, "compressed"},
		{"endless header", head + "A: " + strings.Repeat("secret", 20000) + "\r\n\r\n" + picture, face.Unavailable, "as it should"},
		{"404", "HTTP/1.1 404 secret\r\nContent-Length: 6\r\n\r\nsecret", face.NotFound, "404"},
		{"410", "HTTP/1.1 410 Gone\r\n\r\nsecret", face.NotFound, "410"},
		{"403", "HTTP/1.1 403 secret\r\n\r\nsecret", face.Unavailable, "403"},
		{"500", "HTTP/1.1 500 secret\r\n\r\nsecret", face.Unavailable, "500"},
		{"206", "HTTP/1.1 206 Partial Content\r\n\r\nsecret", face.Unavailable, "206"},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", face.Unavailable, "204"},
		{"304", "HTTP/1.1 304 Not Modified\r\n\r\n", face.Unavailable, "304"},
		{"300", "HTTP/1.1 300 Multiple Choices\r\nLocation: /\r\n\r\n", face.Unavailable, "300"},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", face.Unavailable, "101"},
		{"nothing", "", face.Unavailable, "EOF"},
		{"no HTTP", "SSH-2.0-secret\r\n", face.Unavailable, "as it should"},
	} {
		address := raw(t, c.answer, true)
		cfg := intranet(t, address)
		cfg.MaxBytes = 100
		data, err := newReader(t, cfg).Read(t.Context(), address)
		if c.code == "" {
			if err != nil || string(data) != picture {
				t.Errorf("%s: %q, %v", c.what, data, err)
			}
			continue
		}
		wantError(t, c.what, err, c.code, address, c.word)
		if data != nil || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: read %q, %v", c.what, data, err)
		}
	}
}

// A server that is there and says nothing, or says it for ever, is given up.
func TestSlowServers(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\n"
	dribble, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = fmt.Fprint(w, "x")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	for what, c := range map[string]struct {
		address, word string
		stall         time.Duration
	}{
		"no answer":        {raw(t, "", false), "no answer", 500 * time.Millisecond},
		"half a header":    {raw(t, head+"Server: a\r\n", false), "no answer", 500 * time.Millisecond},
		"half a body":      {raw(t, head+"Content-Length: 100\r\n\r\n"+picture, false), "no answer", 500 * time.Millisecond},
		"no TLS handshake": {strings.Replace(raw(t, "", false), "http:", "https:", 1), "no answer", 500 * time.Millisecond},
		"a byte at a time": {dribble.URL, "took longer", time.Minute}, // which a busy machine takes for a byte at times
	} {
		cfg := intranet(t, c.address)
		cfg.Stall, cfg.Timeout = c.stall, 2*time.Second
		begun := time.Now()
		_, err := newReader(t, cfg).Read(t.Context(), c.address)
		wantError(t, what, err, face.Unavailable, Name(c.address), c.word)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %s", what, took)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, picture)
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	})
	r := newReader(t, intranet(t, server.URL))
	_, err := r.Read(ctx, server.URL)
	wantError(t, "while it is read", err, face.Cancelled, server.URL)
	_, err = r.Read(ctx, server.URL)
	wantError(t, "before it is read", err, face.Cancelled, server.URL)
	short, end := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer end()
	_, err = r.Read(short, raw(t, "", false))
	wantError(t, "another port", err, face.Invalid, "port")
	address := raw(t, "", false)
	_, err = newReader(t, intranet(t, address)).Read(short, address)
	wantError(t, "the caller's time is up", err, face.Cancelled, address)
}

// What a name resolves to is checked, each address and each time.
func TestNames(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		sendPicture(w, r)
	})
	cfg := intranet(t, server.URL)
	address := fmt.Sprintf("http://photos.test.:%d/", cfg.Ports[0])
	cfg.AllowPrivate = false
	for want, addresses := range map[string][]string{
		"loopback": {"127.0.0.1"}, "private (RFC 1918)": {"10.0.0.1"}, "link-local": {"169.254.169.254"}, "shared": {"100.64.1.1"},
	} {
		r := newReader(t, cfg)
		names(r, always(addresses...))
		_, err := r.Read(t.Context(), address)
		wantError(t, want, err, face.Invalid, address, want, addresses[0])
	}
	r := newReader(t, cfg)
	names(r, always("::1", "fd00::1", "127.0.0.1", "10.0.0.1"))
	if data, err := r.Read(t.Context(), address); err == nil {
		t.Errorf("read %q", data)
	}
	names(r, always())
	_, err := r.Read(t.Context(), address)
	wantError(t, "no address", err, face.Unavailable, address, "no such host")
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests came through", n)
	}

	cfg.AllowPrivate = true
	r = newReader(t, cfg)
	names(r, always("127.0.0.1"))
	if data, err := r.Read(t.Context(), address+"again"); err != nil || string(data) != picture {
		t.Errorf("%q, %v", data, err)
	}
	rebound := slices.Concat(always("127.0.0.1")(0), always("169.254.169.254")(0))
	names(r, func(n int64) []netip.Addr { return rebound[min(n-1, 1):][:1] })
	_, err = r.Read(t.Context(), address+"again")
	wantError(t, "another address for the redirect", err, face.Invalid, "redirected", "link-local")
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests came through", n)
	}
}
