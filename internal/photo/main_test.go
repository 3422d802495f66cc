package photo

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"go.uber.org/goleak"
)

// No download leaves a goroutine or a connection behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newReader(t testing.TB, cfg Config) *Reader {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantError checks an error's code and that its text holds all of the words.
func wantError(t *testing.T, what string, err error, code face.Code, words ...string) {
	t.Helper()
	if face.CodeOf(err) != code {
		t.Errorf("%s: error %v of code %q, want %q", what, err, face.CodeOf(err), code)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %q does not say %q", what, err, word)
		}
	}
}
