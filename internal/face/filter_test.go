package face_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestFilterCheck(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		``: true, `{}`: true, `{"source":"badge"}`: true, ` {"a":[1,{"b":null}]} `: true,
		`{`: false, `[]`: false, `null`: false, `"a"`: false, `1`: false, `{"a":1} x`: false, `{a:1}`: false, ` `: false, "{\"\xff\":1}": false,
	} {
		err := face.Filter{Metadata: json.RawMessage(text)}.Check()
		if good != (err == nil) || !good && face.CodeOf(err) != face.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFilterEmpty(t *testing.T) {
	t.Parallel()
	if !(face.Filter{Identities: []string{}}).Empty() {
		t.Error("a filter without conditions is not empty")
	}
	for _, f := range []face.Filter{{Identities: []string{"a"}}, {Excluded: []string{"a"}}, {Metadata: json.RawMessage(`{}`)}} {
		if f.Empty() {
			t.Errorf("%+v is empty", f)
		}
	}
}

func TestFilterNamesWhatIsUnknown(t *testing.T) {
	t.Parallel()
	known := func(name string) bool { return name == "ann" || name == `\xff` }
	if err := (face.Filter{Identities: []string{"ann"}, Excluded: []string{"\xff"}}).CheckNames("g", known); err != nil {
		t.Error(err)
	}
	err := face.Filter{Identities: []string{"bob", "ann", "bob"}, Excluded: []string{"eve"}}.CheckNames("g", known)
	if face.CodeOf(err) != face.NotFound || !strings.Contains(err.Error(), `"g" has no identity "bob", "eve":`) {
		t.Errorf("%v", err)
	}
}
