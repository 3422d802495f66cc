package queue

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

func aTask(root string) Task {
	space := face.Space{Recognizer: "R", Weights: strings.Repeat("ab", 32), Profile: face.Native, Dim: 4, Unit: true}
	return Task{
		Gallery: "g", Root: Raw(root), Gates: ingest.DefaultGates(), Spaces: []face.Space{space},
		Models: Models{Recognizers: []string{"R"}, Detector: "d.onnx", Setting: "d@320", Profile: face.Native, Confidence: 0.1, Side: 320},
	}
}

func aPiece(n int) ingest.Piece {
	p := ingest.Piece{Seen: "s"}
	for i := range n {
		name := fmt.Sprintf("ann/%d-\xff\xfe.jpg", i)
		p.Files = append(p.Files, ingest.Listed{Path: "l" + name, Name: name, Identity: "ann", Metadata: `{"a": "é"}`})
	}
	return p
}

// What is queued comes out as it went in, byte for byte.
func TestArgsLoseNothing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, ingest.PieceSize} {
		task, piece := aTask("/p/\xc3\x28 \"<&>\u2028[x"), aPiece(n)
		task.Include, piece.Named = []Raw{"**/\xff*"}, n == 1
		a, err := newArgs(task, piece)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		back, err := readArgs(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := back.piece()
		if err != nil || !reflect.DeepEqual(got, piece) || !reflect.DeepEqual(back.Task, task) {
			t.Errorf("%d files come back as %+v of %+v (%v)", n, got, back.Task, err)
		}
		if n > 1 && len(text) > 2500 {
			t.Errorf("%d files take %d bytes", n, len(text))
		}
	}
}

func FuzzRaw(f *testing.F) {
	for _, seed := range []string{"", "a", "\xff", `["x"]`, "\u2028\\\"", "\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(Raw(text))
		if err != nil {
			t.Fatal(err)
		}
		var back Raw
		if err := json.Unmarshal(encoded, &back); err != nil || string(back) != text {
			t.Errorf("%q is written %s and read %q (%v)", text, encoded, back, err)
		}
	})
}

// A job that a newer program made, and a damaged one, are refused.
func TestArgsOfOthers(t *testing.T) {
	t.Parallel()
	a, err := newArgs(aTask("/p"), aPiece(2))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(text), `"gallery"`, `"half_precision":true,"gallery"`, 1)
	if _, err := readArgs([]byte(newer)); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "half_precision") {
		t.Errorf("a newer job: %v", err)
	}
	none := strings.Replace(string(text), `"recognizers":["R"]`, `"recognizers":[]`, 1)
	if _, err := readArgs([]byte(none)); face.CodeOf(err) != face.Invalid {
		t.Errorf("a job without recognisers: %v", err)
	}
	for _, spoil := range []func(*args){
		func(a *args) { a.Files = 3 },
		func(a *args) { a.List = a.List[:len(a.List)/2] },
		func(a *args) { a.List = []byte("no gzip") },
	} {
		bad := a
		spoil(&bad)
		if _, err := bad.piece(); face.CodeOf(err) != face.Invalid {
			t.Errorf("a damaged job: %v", err)
		}
	}
}

// Every setting makes a queue of its own.
func TestTasksHaveQueuesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, change := range []func(*Task){
		func(*Task) {}, func(t *Task) { t.Gallery = "h" }, func(t *Task) { t.Root = "/q" }, func(t *Task) { t.Gates.MinSide++ }, func(t *Task) { t.Gates.Live = true }, func(t *Task) { t.Models.Liveness = "L" },
		func(t *Task) { t.Models.Turned = true }, func(t *Task) { t.Models.DetectorWeights = "x" }, func(t *Task) { t.Spaces[0].Weights = "y" },
	} {
		task := aTask("/p")
		change(&task)
		name, err := task.queue()
		if err != nil || seen[name] || len(name) > 64 {
			t.Errorf("queue %q of %+v (%v)", name, task, err)
		}
		seen[name] = true
	}
}
