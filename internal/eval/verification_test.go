package eval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

// people are two persons, at about 0 and about 90 degrees, and photographs that
// fail in every way.
var people = map[string]string{
	"a/1.jpg": "0", "a/2.jpg": "10", "a/3.jpg": "20",
	"b/1.jpg": "90", "b/2.jpg": "97",
	"c/none.jpg": "code no_face", "c/bad.jpg": "code decode_failed", "c/empty.jpg": "", "c/nothing.jpg": "nothing",
	"c/odd.jpg": "code internal",
}

func TestVerify(t *testing.T) {
	t.Parallel()
	root := folder(t, people)
	pairs := []eval.Pair{
		{A: "a/1.jpg", B: "a/2.jpg", Same: true},
		{A: "a/1.jpg", B: "a/3.jpg", Same: true},
		{A: "b/1.jpg", B: "./b/2.jpg", Same: true},
		{A: "b/1.jpg", B: "c/none.jpg", Same: true},
		{A: "a/1.jpg", B: "b/1.jpg"},
		{A: filepath.Join(root, "a/3.jpg"), B: "b/1.jpg"},
		{A: "c/bad.jpg", B: "c/empty.jpg"},
		{A: "a/1.jpg", B: "c/absent.jpg"},
		{A: "a/1.jpg", B: "c/nothing.jpg"},
		{A: "a/1.jpg", B: "c/odd.jpg"},
	}
	embedder := &protractor{}
	var progress []int
	got, err := eval.Verify(t.Context(), eval.Config{
		Embedder: embedder, Detector: "suite", Threshold: half, Workers: 3,
		Progress: func(done, total int) { progress = append(progress, 100*done+total) },
	}, pairs, root)
	if err != nil {
		t.Fatal(err)
	}
	// 11 distinct files; two of them, empty and absent, never reach the embedder
	if n := embedder.calls.Load(); n != 9 {
		t.Errorf("%d photographs embedded, want 9", n)
	}
	var wantProgress []int
	for i := range 11 {
		wantProgress = append(wantProgress, 100*(i+1)+11)
	}
	if !slices.Equal(progress, wantProgress) {
		t.Errorf("progress %v, want %v", progress, wantProgress)
	}
	if got.Pairs != 10 || got.Failed != 5 || got.Genuine.Count != 4 || got.Genuine.Failed != 1 || got.Impostor.Failed != 4 {
		t.Errorf("%d pairs, %d failed, %+v, %+v", got.Pairs, got.Failed, got.Genuine, got.Impostor)
	}
	wantFailed := map[string]face.Code{
		"none.jpg": face.NoFace, "bad.jpg": face.Undecodable, "empty.jpg": face.Empty, "absent.jpg": face.Vanished,
		"nothing.jpg": face.NoFace, "odd.jpg": face.Internal,
	}
	if failed := codes(got.FailedFiles); fmt.Sprint(failed) != fmt.Sprint(wantFailed) {
		t.Errorf("failed files %v, want %v", failed, wantFailed)
	}
	// genuine at 7, 10 and 20 degrees and one failed; impostors at 70 and 90 and four failed:
	// 3 genuine are closer than all 6 impostors, the failed one is level with 4: (18+2)/24
	if !near(got.AUC, 20./24) || !near(got.Accuracy, .9) || !near(got.Baseline, .6) || got.Folds != 1 || got.AccuracyStandardError != nil {
		t.Errorf("auc %g, accuracy %g, folds %d", got.AUC, got.Accuracy, got.Folds)
	}
	// half-way between the cosine distances of 20 and of 70 degrees
	if want := (.0603074 + .6579799) / 2; !near(got.Threshold, want) {
		t.Errorf("threshold %g, want %g", got.Threshold, want)
	}
	if got.TARAtFMR["0.01"] != .75 || got.TARAtFMR["0.001"] != .75 || len(got.TARAtFMR) != 2 {
		t.Errorf("tar at fmr %v, want 0.75 at 0.01 and 0.001", got.TARAtFMR)
	}
	if p := got.OperatingPoints[1]; p.TargetFMR != .001 || p.Impostors != 6 || p.FalseMatches != 0 || p.Genuine != 4 || p.FMRInterval[1] < .3 {
		t.Errorf("operating point %+v", p)
	}
	if p := got.ModelThreshold; p == nil || p.Threshold != .5 || p.FMR != 0 || p.FNMR != .25 || p.FalseNonMatches != 1 || p.Source != half.Source {
		t.Errorf("model's threshold %+v", p)
	}
	if got.Detector != "suite" || got.Model != "Plane" || got.Space != plane.Name() || got.Metric != face.Cosine {
		t.Errorf("%s %s %s %s", got.Detector, got.Model, got.Space, got.Metric)
	}
}

// The metrics of direction are monotone in each other: every rate is the same,
// and the model's threshold is converted.
func TestVerifyIsAlikeInEveryMetric(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	var pairs []eval.Pair
	for i := range 40 {
		files[fmt.Sprintf("%d.jpg", i)] = fmt.Sprint(float64(i*i%173) / 2)
		pairs = append(pairs, eval.Pair{A: "0.jpg", B: fmt.Sprintf("%d.jpg", i), Same: i%3 == 0})
	}
	root := folder(t, files)
	var first eval.Verification
	for i, metric := range []face.Metric{face.Cosine, face.EuclideanL2, face.Angular, face.Euclidean} {
		got, err := eval.Verify(t.Context(), eval.Config{Embedder: &protractor{}, Metric: metric, Threshold: half}, pairs, root)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = got
			if got.Folds != 10 || got.AccuracyStandardError == nil || got.ModelThreshold.FalseMatches == 0 {
				t.Fatalf("%+v", got)
			}
			continue
		}
		if got.AUC != first.AUC || got.EER != first.EER || got.ModelThreshold.FMR != first.ModelThreshold.FMR ||
			got.ModelThreshold.FNMR != first.ModelThreshold.FNMR || got.TARAtFMR["0.01"] != first.TARAtFMR["0.01"] {
			t.Errorf("%s: %+v\ncosine: %+v", metric, got, first)
		}
	}
}

// Scripts read these keys.
func TestVerifyJSON(t *testing.T) {
	t.Parallel()
	root := folder(t, people)
	got, err := eval.Verify(t.Context(), eval.Config{Embedder: &protractor{}}, []eval.Pair{
		{A: "a/1.jpg", B: "a/2.jpg", Same: true}, {A: "a/1.jpg", B: "c/none.jpg"},
	}, root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"pairs":2,"failed":1,"accuracy":1,"accuracy_standard_error":null,"folds":1,"baseline":0.5,"threshold":`,
		`"auc":1,"eer":0,"tar_at_fmr":{"0.001":1,"0.01":1}`,
		`"impostor":{"count":1,"failed":1,"mean":null,"sd":null}`,
		`"code":"no_face","reason":"told to fail"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("JSON\n%s\nlacks %s", text, want)
		}
	}
	if strings.Contains(string(text), "at_model_threshold") {
		t.Error("JSON has a point for a threshold that was not given")
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{
		"1": "1", "2": "2", "other": "other 3", "none": "code no_face", "broken": "code unavailable",
	})
	list := func(a, b string) []eval.Pair { return []eval.Pair{{A: a, B: b, Same: true}, {A: b, B: a}} }
	good := eval.Config{Embedder: &protractor{}}
	for name, c := range map[string]struct {
		cfg   eval.Config
		pairs []eval.Pair
		want  face.Code
	}{
		"no embedder":       {eval.Config{}, list("1", "2"), face.Invalid},
		"negative workers":  {eval.Config{Embedder: good.Embedder, Workers: -1}, list("1", "2"), face.Invalid},
		"unknown metric":    {eval.Config{Embedder: good.Embedder, Metric: "taxicab"}, list("1", "2"), face.Invalid},
		"no impostor pairs": {good, list("1", "2")[:1], face.Invalid},
		"no genuine pairs":  {good, list("1", "2")[1:], face.Invalid},
		"no pairs":          {good, nil, face.Invalid},
		"no face anywhere":  {good, list("none", "none"), face.NoFace},
		"two spaces":        {good, list("1", "other"), face.Mismatch},
		"embedder down":     {good, list("1", "broken"), face.Unavailable},
		"bad threshold":     {eval.Config{Embedder: good.Embedder, Threshold: face.Threshold{Metric: face.Cosine, Distance: -1}}, list("1", "2"), face.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := eval.Verify(t.Context(), c.cfg, c.pairs, root)
			wantCode(t, err, c.want)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := eval.Verify(ctx, good, list("1", "2"), root)
	wantCode(t, err, face.Cancelled)
}

// A folder, a pipe and a link to nowhere are failures with a reason, and the
// pipe does not stop the evaluation.
func TestVerifyOddFiles(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"1": "1", "2": "2", "dir/x": "1"})
	if err := os.Symlink(filepath.Join(root, "gone"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	makePipe(t, filepath.Join(root, "pipe"))
	got, err := eval.Verify(t.Context(), eval.Config{Embedder: &protractor{}}, []eval.Pair{
		{A: "1", B: "2", Same: true}, {A: "1", B: "dir"}, {A: "1", B: "pipe"}, {A: "1", B: "link"},
	}, root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]face.Code{"dir": face.Unreadable, "pipe": face.Unreadable, "link": face.Vanished}
	if failed := codes(got.FailedFiles); fmt.Sprint(failed) != fmt.Sprint(want) {
		t.Errorf("failed files %v, want %v", failed, want)
	}
}
