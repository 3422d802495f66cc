package vectors_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/vectors"
)

// fuzz reads files of arbitrary bytes: whatever is read must be fit to be
// stored, and every error must be about the file.
func fuzz(f *testing.F, name string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, vectors.Config{Space: space(2, true), Skip: func(err error) { fits(t, err) }})
		fits(t, err)
		for _, r := range got {
			length := 0.0
			for _, c := range r.Vector {
				length += float64(c) * float64(c)
			}
			if len(r.Vector) != 2 || !(math.Abs(math.Sqrt(length)-1) <= 1e-3) || r.Image == "" ||
				!utf8.ValidString(r.Identity+r.Image) || strings.Contains(r.Identity+r.Image, "\x00") {
				t.Errorf("took %+v", r)
			}
		}
	})
}

func fits(t *testing.T, err error) {
	if code := face.CodeOf(err); err != nil && code != face.Invalid && code != face.Mismatch {
		t.Errorf("code %q for %v", code, err)
	}
}

func FuzzNPY(f *testing.F) {
	fuzz(f, "x.npy", npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", 0.6, 0.8, 1, 0),
		npy(2, "{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }", 1), npy(3, "{'shape': ((), 2)", 1), "\x93NUMPY")
}

func FuzzCSV(f *testing.F) {
	fuzz(f, "x.csv", "identity,image,embedding\na,b,\"[0.6,0.8]\"\n,,\"[1]\"\n", "v1,v0\n1,0\n", "\ufeffembedding\n\"", "v0,v0\n1,\n")
}

func FuzzJSONL(f *testing.F) {
	fuzz(f, "x.jsonl", `{"identity":"a","image":"b","embedding":[0.6,0.8]}`+"\n\n{}", `{"embedding":[[1,0]]}`, "null", "\ufeff{\"embedding\":[1,0]}")
}
