package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi/apitest"
)

// conformance is one Checker for all tests: reading the document takes a while.
var conformance = sync.OnceValues(func() (*apitest.Checker, error) {
	text, err := Document()
	if err != nil {
		return nil, err
	}
	return apitest.New(text)
})

// Conforms fails the test for an exchange that does not fit the document.
func Conforms(t *testing.T, e apitest.Exchange) {
	t.Helper()
	checker, err := conformance()
	if err != nil {
		t.Fatal(err)
	}
	if err := checker.Check(t.Context(), e); err != nil {
		t.Errorf("%s %s, answered %d, does not fit the document: %v", e.Method, e.Target, e.Status, err)
	}
}

// allRoutes are those of a server with everything.
func allRoutes() []route {
	s := &Server{cfg: Config{}.withDefaults()}
	return append(s.routes(), v1{s}.routes()...)
}

// The document has every route, and no other, with the scope that its rule asks for.
func TestDocumentHasTheRoutes(t *testing.T) {
	t.Parallel()
	checker, err := conformance()
	if err != nil {
		t.Fatal(err)
	}
	params := regexp.MustCompile(`:(\w+)`)
	served := map[string]bool{}
	for _, r := range allRoutes() {
		path := params.ReplaceAllString(r.path, "{$1}")
		served[r.method+" "+path] = true
		item := checker.Document.Paths.Value(path)
		if item == nil || item.GetOperation(r.method) == nil {
			t.Errorf("%s %s is not in the document", r.method, path)
			continue
		}
		operation := item.GetOperation(r.method)
		var want []face.Scope
		if r.scope != open {
			want = []face.Scope{r.scope}
		}
		if operation.Security == nil {
			t.Errorf("%s %s does not say who may use it", r.method, path)
			continue
		}
		var got []face.Scope
		for _, way := range *operation.Security {
			for _, scopes := range way {
				for _, scope := range scopes {
					got = append(got, face.Scope(scope))
				}
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s %s is for %v in the document and for %v in truth", r.method, path, got, want)
		}
	}
	for path, item := range checker.Document.Paths.Map() {
		for method := range item.Operations() {
			if !served[method+" "+path] {
				t.Errorf("%s %s is in the document and not served", method, path)
			}
		}
	}
}

// Writes say that they take an Idempotency-Key; all name who wrote them and what for.
func TestDocumentIsWhole(t *testing.T) {
	t.Parallel()
	checker, err := conformance()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for path, item := range checker.Document.Paths.Map() {
		for method, operation := range item.Operations() {
			if names[operation.OperationID] || operation.OperationID == "" || operation.Summary == "" || len(operation.Tags) != 1 {
				t.Errorf("%s %s: id %q, summary %q, tags %v", method, path, operation.OperationID, operation.Summary, operation.Tags)
			}
			names[operation.OperationID] = true
			if operation.RequestBody == nil && (method == http.MethodPatch || method == http.MethodPost && path != "/v1/merges/{merge}/undo") {
				t.Errorf("%s %s has no body", method, path)
			}
		}
	}
}

// The page shows every route and schema, loads nothing, and its policy lets its own
// style in and nothing else.
func TestDocsPage(t *testing.T) {
	t.Parallel()
	checker, err := conformance()
	if err != nil {
		t.Fatal(err)
	}
	document, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	text, err := docsPage(document, allRoutes())
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for path, item := range checker.Document.Paths.Map() {
		for method, operation := range item.Operations() {
			if !strings.Contains(page, `<article id="`+operation.OperationID+`">`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	for name := range checker.Document.Components.Schemas {
		if !strings.Contains(page, `<article id="schema-`+name+`">`) {
			t.Errorf("schema %s is not on the page", name)
		}
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids[id[1]] = true
	}
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if to, inside := strings.CutPrefix(link[1], "#"); link[1] != "/openapi.json" && (!inside || !ids[to]) {
			t.Errorf("a link leads to %s", link[1])
		}
	}
	for _, loads := range []string{"<script", "src=", "url(", "@import", "<link", "<img", "ZgotmplZ"} {
		if strings.Contains(page, loads) {
			t.Errorf("the page has %s", loads)
		}
	}
	b := setup(t, Config{})
	a := b.ask("GET", "/docs", "")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(a.body)
	if style == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if got := a.header.Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %s, want %s", got, want)
	}
	if other := b.ask("GET", "/openapi.json", "").header.Get("Content-Security-Policy"); strings.Contains(other, "style-src") {
		t.Errorf("the policy of others is %s", other)
	}
}
