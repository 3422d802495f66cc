package apitest

import (
	"net/http"
	"testing"
)

const document = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/things/{name}":{"post":{
"parameters":[{"name":"name","in":"path","required":true,"schema":{"type":"string","maxLength":3}}],
"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}},
"responses":{"200":{"description":"d","headers":{"X-Id":{"required":true,"schema":{"type":"string"}}},"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},
"404":{"description":"d"}}}}},
"components":{"schemas":{"Thing":{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}}}}`

// What fits passes, and each thing that does not is found.
func TestCheck(t *testing.T) {
	t.Parallel()
	c, err := New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	good := Exchange{
		Method: "POST", Target: "/things/a%C3%BC?x=1", Body: []byte(`{"n":1}`), Status: 200,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Id": {"7"}}, Answer: []byte(`{"a":"b"}`),
	}
	for name, test := range map[string]struct {
		fits   bool
		change func(*Exchange)
	}{
		"as it should be":            {true, func(*Exchange) {}},
		"another path":               {true, func(e *Exchange) { e.Target = "/other" }},
		"a request that was refused": {true, func(e *Exchange) { e.Status, e.Body = 404, []byte(`{}`) }},
		"a field too few":            {false, func(e *Exchange) { e.Answer = []byte(`{}`) }},
		"a field too many":           {false, func(e *Exchange) { e.Answer = []byte(`{"a":"b","c":1}`) }},
		"another type":               {false, func(e *Exchange) { e.Answer = []byte(`{"a":1}`) }},
		"no header":                  {false, func(e *Exchange) { e.Header = http.Header{"Content-Type": {"application/json"}} }},
		"another status":             {false, func(e *Exchange) { e.Status = 201 }},
		"a body that should not be":  {false, func(e *Exchange) { e.Body = []byte(`{"n":"x"}`) }},
		"a field that is not known":  {false, func(e *Exchange) { e.Body = []byte(`{"n":1,"m":2}`) }},
		"a name too long":            {false, func(e *Exchange) { e.Target = "/things/four" }},
	} {
		e := good
		test.change(&e)
		if err := c.Check(t.Context(), e); (err == nil) != test.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{`{`, `{"openapi":"3.1.0"}`} {
		if _, err := New([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
