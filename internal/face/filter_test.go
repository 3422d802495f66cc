package face_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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

// Very many unknown names, which a caller may send, are told in no time.
func TestFilterOfManyUnknownNames(t *testing.T) {
	t.Parallel()
	var f face.Filter
	for i := range 200_000 {
		f.Identities = append(f.Identities, fmt.Sprint(i))
	}
	begun := time.Now()
	if err := f.CheckNames("g", func(string) bool { return false }); face.CodeOf(err) != face.NotFound || time.Since(begun) > 10*time.Second {
		t.Errorf("%s, code %s", time.Since(begun), face.CodeOf(err))
	}
}
