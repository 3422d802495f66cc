package httpapi

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// sentAs are the fields of a request of one kind.
func sentAs(t *testing.T, kind, body string) *fields {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set(echo.HeaderContentType, kind)
	f, err := readFields(echo.New().NewContext(request, httptest.NewRecorder()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A yes is a yes and a no is a no, however they are written and sent; DeepFace takes
// the text "false" for a yes.
func TestFlags(t *testing.T) {
	t.Parallel()
	padded := " true\t"
	for text, want := range map[string]bool{
		"true": true, "True": true, "TRUE": true, "t": true, "yes": true, "Y": true, "on": true, "1": true, padded: true,
		"false": false, "False": false, "FALSE": false, "f": false, "no": false, "N": false, "off": false, "0": false,
	} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for how, f := range map[string]*fields{
			"JSON": sentAs(t, echo.MIMEApplicationJSON, `{"align":`+string(quoted)+`}`), "form": {form: map[string][]string{"align": {text}}},
		} {
			if got := f.flag("align", !want); got != want || f.err != nil {
				t.Errorf("%s %q is %v, %v", how, text, got, f.err)
			}
		}
	}
	for body, want := range map[string]bool{`{"align":true}`: true, `{"align":1}`: true, `{"align":false}`: false, `{"align":0}`: false} {
		if f := sentAs(t, echo.MIMEApplicationJSON, body); f.flag("align", !want) != want || f.err != nil {
			t.Errorf("%s: %v", body, f.err)
		}
	}
	for _, body := range []string{`{}`, `{"align":null}`, `{"align":""}`} {
		if f := sentAs(t, echo.MIMEApplicationJSON, body); !f.flag("align", true) || f.flag("align", false) || f.err != nil {
			t.Errorf("%s has no default: %v", body, f.err)
		}
	}
	for _, body := range []string{`{"align":2}`, `{"align":"perhaps"}`, `{"align":[]}`, `{"align":{}}`} {
		if f := sentAs(t, echo.MIMEApplicationJSON, body); f.flag("align", true) && face.CodeOf(f.err) != face.Invalid {
			t.Errorf("%s is taken: %v", body, f.err)
		}
	}
}

// A template in the place of a photograph has numbers that can be compared
// (reliability test 28).
func TestTemplates(t *testing.T) {
	t.Parallel()
	space := face.Space{Recognizer: "R", Weights: strings.Repeat("0", 64), Profile: face.Native, Dim: 2, Unit: true}
	for list, good := range map[string]bool{
		"[0.6,0.8]": true, "[3,4]": true, "[1e-9,0]": true, "[0,0]": false, "[1,2,3]": false, "[1]": false, "[]": false, "[1e-45,0]": false,
		"[1e-30,1e-30]": false, "[3e38,3e38]": false, "[1e39,0]": false, "[1,null]": false, "[[1],[2]]": false, "[true,1]": false, "[NaN,1]": false,
		"[Infinity,1]": false, "[-Infinity,1]": false, "[" + strings.Repeat("1,", mostComponents) + "1]": false,
	} {
		for how, f := range map[string]*fields{
			"JSON": {json: map[string]json.RawMessage{"img": json.RawMessage(list)}}, "form": {form: map[string][]string{"img": {list}}},
			"text in JSON": {json: map[string]json.RawMessage{"img": json.RawMessage(`"` + list + `"`)}},
		} {
			vector, sent, err := f.vector("img")
			var made face.Template
			if err == nil {
				made, err = template("img", vector, space)
			}
			if !sent || good != (err == nil) || !good && face.CodeOf(err) != face.Invalid {
				t.Errorf("%s %.40s: sent %v, %v", how, list, sent, err)
			}
			if good && !sound(made.Vector) {
				t.Errorf("%s %s makes %v", how, list, made.Vector)
			}
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"actions":["age","gender"]}`: "age gender", `{"actions":"age, gender"}`: "age gender",
		`{"actions":"['age', 'Race']"}`: "age race", `{"actions":"(\"emotion\",)"}`: "emotion", `{"actions":["age","age"]}`: "age",
		`{"actions":["height"]}`: "", `{"actions":5}`: "", `{"actions":[]}`: "",
	} {
		f := sentAs(t, echo.MIMEApplicationJSON, body)
		if got := strings.Join(actionsOf(f), " "); want != "" && got != want || (want == "") != (f.err != nil) {
			t.Errorf("%s asks for %q, %v", body, got, f.err)
		}
	}
	for _, body := range []string{`{}`, `{"actions":null}`, `{"actions":""}`} { // what there are models for
		f := sentAs(t, echo.MIMEApplicationJSON, body)
		if got := actionsOf(f); got != nil || f.err != nil {
			t.Errorf("%s asks for %v, %v", body, got, f.err)
		}
	}
	if got := actionsOf(sentAs(t, echo.MIMEApplicationForm, "actions=race&actions=age")); strings.Join(got, " ") != "race age" {
		t.Errorf("sent twice: %v", got)
	}
}

// An empty body is told from one that is no JSON.
func TestEmptyBody(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	if a := b.ask("POST", "/represent", " "); a.status != http.StatusBadRequest || !strings.Contains(a.body, "the body is empty") {
		t.Errorf("an empty body: %d %s", a.status, a.body)
	}
}

// A body of very many small fields takes no more memory than it has bytes, and one
// whose values have many is read.
func TestFieldsAreCounted(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	b := setup(t, Config{})
	var many strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&many, `"%x":1,`, i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.refuses(b.ask("POST", "/represent", "{"+many.String()+`"img":"YQ=="}`), http.StatusBadRequest, "invalid")
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 160<<20 {
		t.Errorf("%d MiB for a body of %d", took>>20, many.Len()>>20)
	}
	inside := `{"other":{"\\\":[":"` + strings.Repeat(`:`, 2_000) + `",` + strings.Repeat(`"a":1,`, 2_000) + `"b":[{"c":2}]},"img":"YQ=="}`
	if a := b.ask("POST", "/represent", inside); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, bad := range []string{`null`, `[]`, `{"a":1}{"b":2}`, `{`, ``, ` `, "\ufeff{}"} {
		if a := b.ask("POST", "/represent", bad); a.status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
}

// A form of more parts than are read is not looked through for its sum either.
func TestPartsAreCounted(t *testing.T) {
	t.Parallel()
	form := strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", mostParts) + "--x--\r\n"
	if err := sumForm(sha256.New(), multipart.NewReader(strings.NewReader(form), "x")); err != nil {
		t.Errorf("%d parts: %v", mostParts, err)
	}
	err := sumForm(sha256.New(), multipart.NewReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n"+form), "x"))
	if !errors.Is(err, multipart.ErrMessageTooLarge) {
		t.Errorf("one more: %v", err)
	}
}
