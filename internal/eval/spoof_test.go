package eval_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

// scores is a Judge whose photographs are texts: the score of a live face, which
// counts as one from 0.5 on, or "code no_face".
type scores struct{}

func (scores) Judge(_ context.Context, data []byte) (face.Liveness, error) {
	if code, ok := strings.CutPrefix(string(data), "code "); ok {
		return face.Liveness{}, face.Errorf(face.Code(code), "told to fail")
	}
	score, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return face.Liveness{}, face.Wrap(face.Unsupported, err, "not a photograph")
	}
	return face.Liveness{Real: score >= 0.5, Score: score}, nil
}

// presentations writes a folder of photographs, by folders below it.
func presentations(t *testing.T, of map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for kind, photos := range of {
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o700); err != nil {
			t.Fatal(err)
		}
		for i, text := range photos {
			if err := os.WriteFile(filepath.Join(dir, kind, fmt.Sprintf("%03d.txt", i)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// steps are n scores from one to another.
func steps(n int, from, to float64) (texts []string) {
	for i := range n {
		texts = append(texts, strconv.FormatFloat(from+(to-from)*float64(i)/float64(n-1), 'g', -1, 64))
	}
	return texts
}

func is(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > 1e-9 {
		t.Errorf("%s is %v, want %g", what, got, want)
	}
}

// All rates, counted by hand: 20 live faces of scores 0.405 to 0.975, 20 prints of 0.01 to
// 0.58, of which three pass, 10 replays of which none does.
func TestSpoof(t *testing.T) {
	t.Parallel()
	live := presentations(t, map[string][]string{"ann": steps(10, 0.405, 0.675), "bob": append(steps(10, 0.705, 0.975), "code no_face")})
	attacks := presentations(t, map[string][]string{"print": steps(20, 0.01, 0.58), "replay": append(steps(10, 0.1, 0.19), "what", "code decode_failed")})
	told := 0
	r, err := eval.Spoof(t.Context(), eval.SpoofConfig{
		Judge: scores{}, Model: "M", Detector: "D", Threshold: 0.5, Workers: 3, Progress: func(done, total int) { told = total - done },
	}, live, attacks)
	if err != nil {
		t.Fatal(err)
	}
	if r.Model != "M" || r.Detector != "D" || r.Real.Photos != 21 || r.Real.Classified != 20 || r.Real.Passed != 16 || len(r.FailedFiles) != 3 || told != 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Species) != 2 || r.Species[0].Name != "print" || r.Species[0].Passed != 3 || r.Species[1].Classified != 10 || r.Species[1].Passed != 0 {
		t.Errorf("attacks %+v", r.Species)
	}
	is(t, "APNRR", &r.Species[1].NonResponse, 2.0/12)
	own := r.AtModel
	is(t, "threshold", own.Threshold, 0.5)
	is(t, "APCER", own.APCER.Rate, 3.0/30)
	is(t, "worst APCER", own.WorstAPCER.Rate, 3.0/20)
	is(t, "BPCER", own.BPCER.Rate, 4.0/20)
	is(t, "ACER", own.ACER, (3.0/20+4.0/20)/2)
	if own.Worst != "print" || own.WorstAPCER.Count != 3 || own.WorstAPCER.Of != 20 || own.BPCER.Interval[0] >= 0.2 || own.BPCER.Interval[1] <= 0.2 {
		t.Errorf("at the model's own: %+v", own)
	}
	// One print of 20 may pass, that of 0.58: the threshold lies below it and above
	// 0.55, the next, between them and the live faces of 0.555 and below.
	at := r.AtTarget[0]
	is(t, "APCER at 5 %", at.WorstAPCER.Rate, 1.0/20)
	is(t, "BPCER at 5 %", at.BPCER.Rate, 5.0/20)
	if at.TargetAPCER != 0.05 || *at.Threshold <= 0.55 || *at.Threshold >= 0.555 {
		t.Errorf("at 5 %%: %+v, from %g on", at, *at.Threshold)
	}
	if r.EER == nil || *r.EER < 0.1 || *r.EER > 0.2 {
		t.Errorf("EER %v, want one between APCER and BPCER", r.EER)
	}
}

// A model that mistakes nothing, one that mistakes all, and sides of which nothing is
// said.
func TestSpoofExtremes(t *testing.T) {
	t.Parallel()
	high, low, none := map[string][]string{"": steps(5, 0.8, 0.9)}, map[string][]string{"": steps(5, 0.1, 0.2)}, map[string][]string{"": {"code no_face", "code no_face"}}
	run := func(live, attacks map[string][]string) eval.Spoofing {
		r, err := eval.Spoof(t.Context(), eval.SpoofConfig{Judge: scores{}}, presentations(t, live), presentations(t, attacks))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	right := run(high, low)
	is(t, "EER", right.EER, 0)
	is(t, "BPCER at 5 %", right.AtTarget[0].BPCER.Rate, 0)
	is(t, "ACER", right.AtModel.ACER, 0)
	if right.AtModel.Threshold != nil || right.AtModel.Worst != "" || right.AtModel.APCER.Interval[1] < 0.3 {
		t.Errorf("all right: %+v", right.AtModel)
	}
	wrong := run(low, high)
	is(t, "EER", wrong.EER, 1)
	is(t, "BPCER at 5 %", wrong.AtTarget[0].BPCER.Rate, 1)
	is(t, "APCER at 5 %", wrong.AtTarget[0].APCER.Rate, 0)
	silent := run(high, none)
	if silent.EER != nil || len(silent.AtTarget) != 0 || silent.AtModel.APCER.Rate != nil || silent.AtModel.ACER != nil || silent.AtModel.APCER.Interval != (eval.Interval{0, 1}) || silent.Species[0].NonResponse != 1 {
		t.Errorf("no response: %+v", silent)
	}
	is(t, "BPCER", silent.AtModel.BPCER.Rate, 0)
}

func TestSpoofRefused(t *testing.T) {
	t.Parallel()
	some := presentations(t, map[string][]string{"": {"0.5"}})
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for what, c := range map[string]struct {
		ctx        context.Context //nolint:containedctx // a case of a table
		judge      eval.Judge
		live, fake string
		code       face.Code
	}{
		"no judge":          {t.Context(), nil, some, some, face.Invalid},
		"no folder":         {t.Context(), scores{}, some, filepath.Join(some, "none"), face.NotFound},
		"an empty folder":   {t.Context(), scores{}, t.TempDir(), some, face.Invalid},
		"cancelled":         {stopped, scores{}, some, some, face.Cancelled},
		"broken machinery ": {t.Context(), scores{}, some, presentations(t, map[string][]string{"": {"code unavailable"}}), face.Unavailable},
	} {
		if _, err := eval.Spoof(c.ctx, eval.SpoofConfig{Judge: c.judge}, c.live, c.fake); face.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", what, err, c.code)
		}
	}
}
