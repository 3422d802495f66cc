package eval_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

func TestReadPairs(t *testing.T) {
	t.Parallel()
	want := []eval.Pair{{A: "a/1.jpg", B: "a/2.jpg", Same: true}, {A: "a/1.jpg", B: "b c/1.jpg"}}
	for name, text := range map[string]string{
		"plain":           "file_a,file_b,same\na/1.jpg,a/2.jpg,1\na/1.jpg,b c/1.jpg,0\n",
		"no last newline": "file_a,file_b,same\na/1.jpg,a/2.jpg,1\na/1.jpg,b c/1.jpg,0",
		"carriage return": "file_a,file_b,same\r\na/1.jpg,a/2.jpg,1\r\na/1.jpg,b c/1.jpg,0\r\n",
		"byte order mark": "\ufefffile_a,file_b,same\na/1.jpg,a/2.jpg,1\na/1.jpg,b c/1.jpg,0\n",
		"other order":     "same,note,file_b,file_a\n1,x,a/2.jpg,a/1.jpg\n0,,b c/1.jpg,a/1.jpg\n",
		"quoted, blank":   "file_a,file_b,same\n\"a/1.jpg\",a/2.jpg, 1\n\na/1.jpg,\"b c/1.jpg\",0 \n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := eval.ReadPairs(strings.NewReader(text), "pairs.csv")
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v (%v), want %v", got, err, want)
			}
		})
	}
}

func TestReadPairsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "pairs.csv is empty"},
		"header alone":   {"file_a,file_b,same\n", "no pairs"},
		"no header":      {"a.jpg,b.jpg,1\n", "line 1: no column file_a"},
		"column missing": {"file_a,same\na.jpg,1\n", "line 1: no column file_b"},
		"word for same":  {"file_a,file_b,same\na,b,1\na,c,yes\n", `line 3: same is "yes"`},
		"same missing":   {"file_a,file_b,same\na,b,\n", `line 2: same is ""`},
		"file missing":   {"file_a,file_b,same\na,b,1\n\n,c,0\n", "line 4: a photograph is missing"},
		"too few fields": {"file_a,file_b,same\na,b,1\na,b\n", "line 3"},
		"too many":       {"file_a,file_b,same\na,b,1,2\n", "line 2"},
		"open quote":     {"file_a,file_b,same\n\"a,b,1\n", "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := eval.ReadPairs(strings.NewReader(c.text), "pairs.csv")
			wantCode(t, err, face.Invalid)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "pairs.csv") {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestReadPairsFile(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"pairs.csv": "file_a,file_b,same\na,b,1\n"})
	got, err := eval.ReadPairsFile(filepath.Join(dir, "pairs.csv"))
	if err != nil || len(got) != 1 {
		t.Errorf("%v (%v), want one pair", got, err)
	}
	_, err = eval.ReadPairsFile(filepath.Join(dir, "absent.csv"))
	wantCode(t, err, face.NotFound)
	for _, path := range []string{dir, "/dev/zero"} {
		_, err = eval.ReadPairsFile(path)
		wantCode(t, err, face.Unreadable)
	}
}
