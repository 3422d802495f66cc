package photo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/visagedb/visage/internal/face"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Kind{
		"-": Stdin, "--": File, "": File, "a.jpg": File, "./data:a": File, "/a/b:c//d": File, "a b://c": File, "://c": File, "1a://b": File,
		"http:a": File, "http:/a": File, "base64,AAAA": File, "\xff\x00": File,
		"data:,": Inline, "DATA:image/png;base64,": Inline, "data:": Inline,
		"http://a": URL, "HTTPS://a/b": URL, "file:///etc/passwd": URL, "gopher://a": URL, "svn+ssh://a": URL, "a1.-+://b": URL,
	} {
		if got := KindOf(name); got != want {
			t.Errorf("KindOf(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"-": "-", "a b.jpg": "a b.jpg", "data:image/png;base64,c2VjcmV0": "data URI",
		"https://user:secret@host:81/a%2Fb.jpg?key=secret#secret": "https://host:81/a%2Fb.jpg",
		"http://host/%zz?secret":                                  "URL",
	} {
		if got := Name(name); got != want {
			t.Errorf("Name(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]Config{
		"Kinds": {Kinds: []Kind{File, "tape"}}, "MaxBytes": {MaxBytes: -1}, "Timeout": {Timeout: -time.Second},
		"Stall": {Stall: -1}, "Ports": {Ports: []uint16{80, 0}},
	} {
		_, err := New(cfg)
		wantError(t, field, err, face.Invalid, field)
	}
	r := newReader(t, Config{})
	if c := r.cfg; c.MaxBytes != 64<<20 || c.Timeout != 30*time.Second || c.Stall != 10*time.Second || len(c.Ports) != 2 || c.Stdin != os.Stdin {
		t.Errorf("defaults %+v", c)
	}
}

// What is not allowed is refused before anything is looked at, and nothing but
// inline data is allowed by default.
func TestKindsAreAllowedEach(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(path, []byte("picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := map[Kind]string{File: path, Stdin: "-", Inline: "data:,picture", URL: "http://127.0.0.1/"}
	for allowed := range names {
		r := newReader(t, Config{Kinds: []Kind{allowed}, Stdin: strings.NewReader("picture")})
		for kind, name := range names {
			data, err := r.Read(t.Context(), name)
			switch {
			case kind != allowed:
				wantError(t, string(kind), err, face.Invalid, string(kind)+"; here", string(allowed)+" only")
			case kind == URL:
				wantError(t, name, err, face.Invalid, "loopback")
			case err != nil || string(data) != "picture":
				t.Errorf("%s: %q, %v", kind, data, err)
			}
		}
	}
	r := newReader(t, Config{})
	_, err := r.Read(t.Context(), path)
	wantError(t, "by default", err, face.Invalid, path)
	_, err = r.File(path)
	wantError(t, "by default", err, face.Invalid, path)
	_, err = newReader(t, Config{Kinds: []Kind{File}}).Inline("AAAA")
	wantError(t, "inline", err, face.Invalid, "file")
	_, err = r.Read(t.Context(), strings.Repeat("/9j/4AAQ", 1000))
	if wantError(t, "base64 as a name", err, face.Invalid, "/9j/4AAQ"); len(err.Error()) > 200 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newReader(t, Config{Kinds: []Kind{File}, MaxBytes: 7})
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"fits": "1234567", "long": "12345678", "empty": "", "\xff\xfe\n.jpg": "bytes", "locked": "1"} {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := r.Read(t.Context(), in(name))
		if name == "long" {
			wantError(t, name, err, face.TooLarge, in(name), "7 bytes")
		} else if err != nil || string(data) != content {
			t.Errorf("%q: %q, %v", name, data, err)
		}
	}
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(in("locked"), 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, word string
		code       face.Code
	}{
		{in("none"), "there is no file", face.NotFound},
		{in("fits/below"), "not a directory", face.Unreadable},
		{dir, "not a file", face.Unreadable},
		{in("pipe"), "not a file", face.Unreadable},
		{"/dev/zero", "not a file", face.Unreadable},
		{in("zero\x00byte"), "invalid argument", face.Unreadable},
		{strings.Repeat("A", 5000), "data:image/jpeg;base64,", face.NotFound},
	} {
		_, err := r.Read(t.Context(), c.name)
		wantError(t, shortened(c.name), err, c.code, c.word)
	}
	if _, err := r.Read(t.Context(), in("locked")); os.Getuid() != 0 {
		wantError(t, "locked", err, face.Unreadable, "permission")
	}
	if _, err := r.open(in("pipe")); err == nil {
		t.Error("a pipe in the place of the file was read")
	}
	_, err := r.File("-")
	wantError(t, "-", err, face.NotFound, "-")
}

func TestStdin(t *testing.T) {
	t.Parallel()
	r := newReader(t, Config{Kinds: []Kind{Stdin}, MaxBytes: 7, Stdin: strings.NewReader("12345678")})
	_, err := r.Read(t.Context(), "-")
	wantError(t, "long", err, face.TooLarge, "standard input", "7 bytes")
	r = newReader(t, Config{Kinds: []Kind{Stdin}, Stdin: iotest.ErrReader(errors.New("torn"))})
	_, err = r.Read(t.Context(), "-")
	wantError(t, "torn", err, face.Unreadable, "standard input", "torn")
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = r.Read(ended, "-")
	wantError(t, "ended", err, face.Cancelled)
}
