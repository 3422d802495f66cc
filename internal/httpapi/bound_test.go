package httpapi_test

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// withKeys asks everybody for a key of the database.
func withKeys(t *testing.T) *api {
	t.Helper()
	return newAPI(t, func(c *httpapi.Config) { c.Auth, c.Keys = httpapi.AuthKeys, c.Store.(httpapi.Keys) })
}

// key makes one for some galleries, or for all, and returns the header that has it.
func (a *api) key(galleries []string, scopes ...face.Scope) (header, text string) {
	a.Helper()
	text, key := httpapi.NewKey()
	key.Name, key.Scopes, key.Galleries = "a test's", scopes, galleries
	if _, err := a.db.CreateKey(a.Context(), key, 0); err != nil {
		a.Fatal(err)
	}
	return "X-Api-Key", text
}

// A key for one gallery learns the name of no other: not by the cursors of a list,
// and not by what it is told where its own gallery does not exist.
func TestBoundKeysAreToldOfNoOtherGallery(t *testing.T) {
	t.Parallel()
	a := withKeys(t)
	for _, name := range []string{"anteroom", "mine", "other", "secret", "yours"} {
		if err := a.db.CreateGallery(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	header, text := a.key([]string{"mine", "yours", "nowhere"}, face.ScopeRead)
	var seen []string
	at := "/v1/galleries?limit=1"
	for more := true; more; {
		w := a.want(200, "GET", at, nil, header, text)
		for i := range w.list("galleries") {
			seen = append(seen, w.text("galleries."+strconv.Itoa(i)+".name"))
		}
		cursor, ok := w.value("next_cursor").(string)
		if more = ok; more {
			said, err := base64.RawURLEncoding.DecodeString(cursor)
			if err != nil || !strings.Contains(string(said), "mine") {
				t.Errorf("a cursor says %s (%v)", said, err)
			}
			at = "/v1/galleries?limit=1&cursor=" + url.QueryEscape(cursor)
		}
	}
	if strings.Join(seen, " ") != "mine yours" {
		t.Errorf("listed %v", seen)
	}
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v1/galleries/nowhere", ""}, {"GET", "/v1/galleries/nowhere/identities", ""},
		{"POST", "/v1/galleries/nowhere/search", `{"photo":"` + encoded("10") + `"}`}, {"POST", "/find", `{"gallery":"nowhere","img":"` + encoded("10") + `"}`},
	} {
		w := a.want(404, r.method, r.path, r.body, header, text)
		for _, name := range []string{"anteroom", "other", "secret"} {
			if strings.Contains(w.Body.String(), name) {
				t.Errorf("%s %s tells of %s: %s", r.method, r.path, name, w.Body)
			}
		}
	}
}

// What a key may reach is decided by the very name that is then looked up, however it
// is written in the path.
func TestBoundKeysAndEscapedNames(t *testing.T) {
	t.Parallel()
	a := withKeys(t)
	for _, name := range []string{"a/b", "ärzte", "plain"} {
		if err := a.db.CreateGallery(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	_, other := a.key([]string{"a%2Fb", "%70lain", "a%2fb"}, face.ScopeRead)
	_, own := a.key([]string{"a/b", "ärzte", "plain"}, face.ScopeRead)
	for _, path := range []string{"/v1/galleries/a%2Fb", "/v1/galleries/a%2fb", "/v1/galleries/%c3%a4rzte", "/v1/galleries/%70lain"} {
		a.refused(a.ask("GET", path, nil, "X-Api-Key", other), 403, "forbidden")
		a.want(200, "GET", path, nil, "X-Api-Key", own)
	}
}

// What is of another gallery is told from what does not exist by nothing, and a write
// that is sent again by a bound key gets the answer that it had.
func TestBoundKeysAndIDs(t *testing.T) {
	t.Parallel()
	a := withKeys(t)
	_, all := a.key(nil, face.ScopeAdmin)
	_, mine := a.key([]string{"mine"}, face.ScopeAdmin)
	id := func(method, path string, body any) string {
		w := a.want(201, method, path, body, "X-Api-Key", all)
		if strings.HasSuffix(path, "/faces") {
			return w.text("results.0.faces.0.id")
		}
		return w.text("id")
	}
	faces, merges := map[string]string{"none": "00000000-0000-4000-8000-000000000000"}, map[string]string{"none": "00000000-0000-4000-8000-000000000000"}
	for _, gallery := range []string{"mine", "other"} {
		a.want(201, "POST", "/v1/galleries", fields{"name": gallery}, "X-Api-Key", all)
		at := "/v1/galleries/" + gallery + "/identities"
		ann, bob := id("POST", at, fields{"name": "ann"}), id("POST", at, fields{"name": "bob"})
		faces[gallery] = id("POST", at+"/"+ann+"/faces", fields{"photo": encoded("10")})
		merges[gallery] = id("POST", at+"/"+bob+"/merge", fields{"into": ann})
	}
	said := func(method, path, id string) string {
		w := a.want(404, method, path, nil, "X-Api-Key", mine)
		return strings.ReplaceAll(w.text("error.message"), id, "ID")
	}
	for _, r := range []struct {
		method, before, after string
		ids                   map[string]string
	}{
		{"GET", "/v1/faces/", "", faces}, {"GET", "/v1/faces/", "/crop", faces}, {"DELETE", "/v1/faces/", "", faces},
		{"GET", "/v1/merges/", "", merges}, {"POST", "/v1/merges/", "/undo", merges},
	} {
		other, none := said(r.method, r.before+r.ids["other"]+r.after, r.ids["other"]), said(r.method, r.before+r.ids["none"]+r.after, r.ids["none"])
		if other != none {
			t.Errorf("%s %sID%s: %q of another gallery, %q where there is none", r.method, r.before, r.after, other, none)
		}
	}
	for range 2 {
		a.want(200, "POST", "/v1/merges/"+merges["mine"]+"/undo", nil, "X-Api-Key", mine, key, "undo")
		a.want(204, "DELETE", "/v1/faces/"+faces["mine"], nil, "X-Api-Key", mine, key, "delete")
	}
}
