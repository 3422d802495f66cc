package photo

import (
	"encoding/base64"
	"errors"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// sample holds all characters of both alphabets, and needs padding.
var sample = string([]byte{0xfb, 0xef, 0xff, 0x00, 0x10, 0x83, 0xff})

func TestInline(t *testing.T) {
	t.Parallel()
	r := newReader(t, Config{})
	standard, urlSafe := base64.StdEncoding.EncodeToString([]byte(sample)), base64.URLEncoding.EncodeToString([]byte(sample))
	if !strings.ContainsAny(standard, "+/") || !strings.ContainsAny(urlSafe, "-_") || !strings.HasSuffix(standard, "==") {
		t.Fatalf("%s and %s are no good samples", standard, urlSafe)
	}
	wrapped := " \r\n\t" + strings.Join(strings.Split(standard, ""), "\r\n") + "\n"
	for _, text := range []string{
		standard, urlSafe, wrapped, strings.TrimRight(standard, "="), strings.TrimRight(urlSafe, "="),
		"data:image/jpeg;base64," + standard, "data:image/jpeg;base64," + urlSafe, "data:image/jpeg;base64," + wrapped,
		"DATA:Image/JPEG;BASE64," + standard, "data:;base64," + standard, "data:text/html;base64," + standard,
		"data:image/png;name=a.png;charset=utf-8;base64," + standard, "data:image/png; base64 ," + standard, " \ndata:image/png;base64," + standard,
		"data:image/png;base64," + url.QueryEscape(standard), "data:image/png;base64," + url.QueryEscape(wrapped[4:]),
		"data:image/png;base64," + strings.ReplaceAll(standard, "=", "%3d"),
		"data:image/png," + url.PathEscape(sample), "data:,%FB%ef%FF%00%10%83%ff", "data:image/png,\xfb\xef\xff\x00\x10\x83\xff",
	} {
		if data, err := r.Inline(text); err != nil || string(data) != sample {
			t.Errorf("%q: %x, %v", text, data, err)
		}
	}
	for _, text := range []string{"", " \n", "data:,", "data:image/png;base64,"} {
		if data, err := r.Inline(text); err != nil || len(data) != 0 {
			t.Errorf("%q: %x, %v", text, data, err)
		}
	}
	if data, err := r.Inline("data:image/png;base64=no,a+b c"); err != nil || string(data) != "a+b c" {
		t.Errorf("a parameter that only begins with base64: %q, %v", data, err)
	}
}

func TestInlineDamaged(t *testing.T) {
	t.Parallel()
	r := newReader(t, Config{})
	for text, word := range map[string]string{
		"data:image/png;base64": "comma", "data:": "comma", "AAAAA": "cut short", "data:;base64,AAAAA": "cut short",
		"AA=": "cut short", "AAA==": "too long", "AAAA=": "too long", "AAAA==": "too long", "=": "too long", "==": "too long",
		"AA===": "goes on", "AA==AA==": "goes on", "AA=A": "goes on", "AA==!": "goes on",
		"AA!A": `'!'`, "AA\xffA": "character", "AA\x00A": "character", "AA%41A": `'%'`, "image/png;base64,AAAA": `';'`, "AAAA,AAAA": `','`,
		"data:;base64,AA%4": "ends within", "data:;base64,%": "ends within", "data:,a%g0": "hexadecimal", "data:;base64,%%41A": "hexadecimal",
		"data:;base64,AAAA#x": `'#'`, "data:;base64,AA%00A": "character",
	} {
		_, err := r.Inline(text)
		wantError(t, text, err, face.Invalid, word)
	}
}

// The limit is for the decoded bytes, whatever surrounds them, and what is
// larger is never allocated.
func TestInlineLimits(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	for size := range 9 {
		data := []byte(strings.Repeat("\xff", size))
		for _, text := range []string{
			base64.StdEncoding.EncodeToString(data), base64.RawURLEncoding.EncodeToString(data),
			"data:;base64," + strings.Repeat("%20", 100) + base64.StdEncoding.EncodeToString(data), "data:," + strings.Repeat("%FF", size),
		} {
			got, err := newReader(t, Config{MaxBytes: 6}).Inline(text)
			if size > 6 {
				wantError(t, text, err, face.TooLarge, "6 bytes")
			} else if err != nil || !slices.Equal(got, data) {
				t.Errorf("%q: %x, %v", text, got, err)
			}
		}
	}
	huge := strings.Repeat("QUJD", 8<<20)
	r := newReader(t, Config{MaxBytes: 1 << 20})
	for _, text := range []string{huge, "data:;base64," + huge, "data:," + huge} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := r.Inline(text)
		runtime.ReadMemStats(&after)
		wantError(t, "huge", err, face.TooLarge)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%d bytes were allocated to refuse %d", grown, len(text))
		}
	}
}

// Whatever the text is, decoding ends with no more bytes than the limit, or with
// one of two codes; what was decoded comes back from its encoding, and what Go's
// strict decoder takes is taken as it takes it.
func FuzzInline(f *testing.F) {
	for _, seed := range []string{
		"", "data:", "data:,", "data:,%41%zz", "data:image/png;base64,iVBORw0KGgo=", "DATA:image/svg+xml;charset=utf-8,%3Csvg%3E",
		"data:image/jpeg;name=\"a,b\";base64,_9j_4A", "data:;BASE64, /9j/ \r\n4A%3D%3d", "/9j/4AAQSkZJRg==", "AA==AA==", "A", "AA=A", "====",
		"-_+/", " \t\n\f\rQUJD", "data:;base64,%", "data:;base64,QUI\x00", strings.Repeat("QUJD", 40),
	} {
		f.Add(seed)
	}
	const limit = 100
	f.Fuzz(func(t *testing.T, text string) {
		r := newReader(t, Config{MaxBytes: limit})
		data, err := r.Inline(text)
		if code := face.CodeOf(err); err != nil && (data != nil || code != face.Invalid && code != face.TooLarge) {
			t.Fatalf("%q, %v", data, err)
		}
		if strict, wrong := base64.StdEncoding.Strict().DecodeString(text); wrong == nil && len(strict) <= limit && (err != nil || string(data) != string(strict)) {
			t.Errorf("%q, %v, want %q", data, err, strict)
		}
		if err != nil {
			var told *face.Error
			if !errors.As(err, &told) || told.Message == "" || len(err.Error()) > 200 {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(data) > limit {
			t.Errorf("%d bytes", len(data))
		}
		for _, again := range []string{"data:image/png;base64," + base64.RawURLEncoding.EncodeToString(data), "data:," + url.PathEscape(string(data))} {
			if got, err := r.Inline(again); err != nil || !slices.Equal(got, data) {
				t.Errorf("%q came back as %q, %v", data, got, err)
			}
		}
	})
}
