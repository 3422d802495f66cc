package httpapi

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// readAll reads every field of every kind, as the routes do, and returns an error
// that must be the caller's fault.
func readAll(t *testing.T, f *fields) {
	t.Helper()
	choice, want, metric, k := modelsOf(f), wantedOf(f, search.RejectSpoofs), metricOf(f), f.whole("k", 1)
	how, options, actions := searchingOf(f), findOptions(f), actionsOf(f)
	numbersOf(f)
	threshold := f.number("threshold", 0)
	vector, _, err := f.vector("img")
	if err == nil && len(vector) > 0 {
		space := face.Space{Recognizer: "R", Weights: strings.Repeat("0", 64), Profile: face.Native, Dim: len(vector), Unit: true}
		if made, bad := template("img", vector, space); bad == nil && !sound(made.Vector) {
			t.Errorf("took %v for a template", vector)
		}
	}
	texts := f.texts("img", 4)
	for _, err := range []error{f.err, err} {
		if code := face.CodeOf(err); err != nil && code != face.Invalid && code != face.TooLarge && code != face.Unavailable {
			t.Errorf("%s: %v", code, err)
		}
		if err != nil && !utf8.ValidString(outward(err)) {
			t.Logf("not UTF-8: %q", outward(err)) // encoding/json replaces what is not
		}
	}
	if f.err != nil {
		return
	}
	switch {
	case choice.Expand < 0 || want.MaxFaces < 0 || metric == "" || k > math.MaxInt32 || actions != nil && len(actions) == 0 || len(texts) > 4,
		math.IsNaN(threshold) || math.IsInf(threshold, 0), how.method != "exact" && how.method != "ann",
		!(options.MinRecall > 0 && options.MinRecall <= 1), options.Top < 1, options.Filter.Check() != nil:
		t.Errorf("took %+v, %+v, %q, %d, %v, %+v, %+v", choice, want, metric, k, actions, how, options)
	}
}

// sound says whether a template can be compared.
func sound(vector []float32) bool {
	sum := 0.0
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	return math.Abs(math.Sqrt(sum)-1) < 1e-3
}

// fuzzBody reads bodies of one kind: whatever they hold, they are read or refused as
// malformed.
func fuzzBody(f *testing.F, kind string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	server := echo.New()
	f.Fuzz(func(t *testing.T, body string) {
		request := httptest.NewRequest(http.MethodPost, "/find", strings.NewReader(body))
		request.Header.Set(echo.HeaderContentType, kind)
		c := server.NewContext(request, httptest.NewRecorder())
		read, err := readFields(c)
		if err != nil {
			if status, _ := describe(err); status != http.StatusBadRequest {
				t.Errorf("%d for %v", status, err)
			}
			return
		}
		readAll(t, read)
		if form := c.Request().MultipartForm; form != nil {
			_ = form.RemoveAll() // in memory
		}
	})
}

func FuzzJSONBody(f *testing.F) {
	fuzzBody(f, echo.MIMEApplicationJSON,
		`{"img":"data:image/jpeg;base64,AA==","model_name":"SFace","detector_backend":"yunet","align":true,"k":5}`,
		`{"img":[0.1,-2,3e-3],"distance_metric":"euclidean","l2_normalize":"yes","threshold":"0.4"}`,
		`{"img":["AA==","AB=="],"actions":["age","gender"],"max_faces":null}`,
		`{"img":"[1,2,3]","actions":"['age', 'race']","search_method":"ann","similarity_search":"False"}`,
		`{"identities":["ann","bob"],"not_identities":"eve","where":{"source":"badge"},"by":"identity","top":3,"min_recall":0.9}`,
		`{"img":[null,"a"],"where":"{\"a\":1}","threshold":1e999,"k":99999999999}`, `{"img":[[1,2],[3]]}`, `{"img":[1,null]}`, `[]`, `null`, `{`, `{"anti_spoofing":1}`,
		`{"img":[3.4e38,3.4e38],"expand_percentage":-1,"color_face":"gray","return_face":true}`, "{\"img\":\"\xff\",\"gallery\":\"\\u0000\"}")
}

func FuzzFormBody(f *testing.F) {
	fuzzBody(f, echo.MIMEApplicationForm,
		"img=data%3Aimage%2Fpng%3Bbase64%2CAA%3D%3D&align=false&k=3", "img=%5B0.1%2C0.2%5D&threshold=0.4", "img=a&img=b&actions=age&actions=race",
		"actions=%5B%27age%27%2C+%27gender%27%5D&identities=%5B%22ann%22%5D", "img=[&k=+5&threshold=NaN&align=perhaps", "where=%7B%22a%22%3A1%7D", "%zz", "a;b")
}

func FuzzMultipartBody(f *testing.F) {
	const part = "--x\r\nContent-Disposition: form-data; name=\"%\"\r\n\r\n"
	named := func(name, value string) string { return strings.Replace(part, "%", name, 1) + value + "\r\n" }
	fuzzBody(f, echo.MIMEMultipartForm+"; boundary=x",
		named("img", "data:image/png;base64,AA==")+named("align", "false")+"--x--\r\n", named("img", "[1,2]")+"--x--",
		named(`img"; filename="a.jpg`, "\xff\xd8\xff")+named("k", "7")+"--x--\r\n", "--x\r\n\r\n", named("img", "a"), "")
}
