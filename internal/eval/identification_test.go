package eval_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Enrolled are four identities at 0, 40, 80 and 120 degrees, one of whose only
// photograph fails, and one photograph without an identity at 200 degrees.
//
// Probes: a is first (10), first but beyond the threshold (330-> a at 30 is
// nearest... see the table in the test), and so on.
func TestIdentify(t *testing.T) {
	t.Parallel()
	gallery := folder(t, map[string]string{
		"a/1.jpg": "0", "a/2.jpg": "2", "b/1.jpg": "40", "c/1.jpg": "80", "d/1.jpg": "code no_face",
		"stray.jpg": "200", "a/notes.txt": "not a photograph", ".hidden/x.jpg": "5", "a/.thumb.jpg": "7",
	})
	probes := folder(t, map[string]string{
		"a/p1.jpg":  "10",                 // a at 8 degrees: first, match
		"a/p2.jpg":  "290",                // a at 70 degrees: first, beyond the threshold: a miss for FNIR
		"b/p1.jpg":  "21",                 // a at 19 and b at 19: as close as can be told
		"b/p2.jpg":  "75",                 // c at 5, b at 35: second
		"c/p1.jpg":  "199",                // the stray at 1, c at 119: second of the four subjects
		"c/p2.jpg":  "code decode_failed", // failed: a miss
		"d/p1.jpg":  "120",                // mated though never enrolled: a miss
		"e/p1.jpg":  "41",                 // nobody's, b at 1: a false alarm
		"e/p2.jpg":  "280",                // nobody's, a and stray at 80: rightly nobody
		"e/p3.jpg":  "code no_face",       // nobody's and failed: returned nobody
		"loose.jpg": "0",                  // nobody's, a at 0: a false alarm; also enrolled
		"e/foo.txt": "text",               // no image: in no figure
	})
	got, err := eval.Identify(t.Context(), eval.Config{Embedder: &protractor{}, Threshold: half, Detector: "suite", Workers: 2}, gallery, probes)
	if err != nil {
		t.Fatal(err)
	}
	if got.Probes != 11 || got.Mated != 7 || got.NonMated != 4 || got.Failed != 2 || got.AlsoEnrolled != 1 {
		t.Errorf("probes %d, mated %d, non-mated %d, failed %d, also enrolled %d; want 11, 7, 4, 2, 1",
			got.Probes, got.Mated, got.NonMated, got.Failed, got.AlsoEnrolled)
	}
	// b/p1 lies 19 degrees from a and from b: which is first depends on the last bit
	first := 2.0
	if *got.Rank1*7 > 2.5 {
		first = 3
	}
	if !near(*got.Rank1, first/7) || !near(*got.Rank5, 5./7) || !near(*got.FNIR, (8-first)/7) || !near(*got.FPIR, 2./4) {
		t.Errorf("rank1 %g, rank5 %g, fnir %g, fpir %g", *got.Rank1, *got.Rank5, *got.FNIR, *got.FPIR)
	}
	if len(got.CMC) != 20 || got.CMC[0] != *got.Rank1 || got.CMC[4] != *got.Rank5 || !near(got.CMC[1], 5./7) || !slices.IsSorted(got.CMC) {
		t.Errorf("cmc %v", got.CMC)
	}
	if got.Enrolled != (eval.Enrolled{Identities: 3, Photos: 5, Failed: 1}) {
		t.Errorf("enrolled %+v", got.Enrolled)
	}
	if m := got.Decisions.Mated; m[search.Ambiguous] != 1 || m[search.Unknown] != 1 || m[search.Matched] != 4 {
		t.Errorf("decisions of mated probes %v", m)
	}
	if n := got.Decisions.NonMated; n[search.Unknown] != 1 || n[search.Matched] != 2 {
		t.Errorf("decisions of non-mated probes %v", n)
	}
	wantFailed := map[string]face.Code{"1.jpg": face.NoFace, "p2.jpg": face.Undecodable, "p3.jpg": face.NoFace}
	if failed := codes(got.FailedFiles); fmt.Sprint(failed) != fmt.Sprint(wantFailed) {
		t.Errorf("failed files %v, want %v", failed, wantFailed)
	}
	if not := codes(got.NotImages); len(not) != 2 || not["notes.txt"] != face.Unsupported || not["foo.txt"] != face.Unsupported {
		t.Errorf("not images: %v", not)
	}
	if iv := got.Intervals["fpir"]; len(got.Intervals) != 4 || !(iv[0] < .5 && iv[1] > .5) {
		t.Errorf("intervals %v", got.Intervals)
	}
	if got.Threshold != .5 || got.ThresholdSource != half.Source || got.Model != "Plane" || got.Detector != "suite" || got.Space != plane.Name() {
		t.Errorf("%+v", got)
	}
}

// Rates are counted again by hand-written loops over random folders.
func TestIdentifyAgainstLoops(t *testing.T) {
	t.Parallel()
	gallery, probes := map[string]string{}, map[string]string{}
	enrolled, asked := map[string][]float64{}, map[string][]float64{}
	for i := range 12 {
		name := fmt.Sprintf("sample-%02d", i)
		for j := range 1 + i%3 {
			angle := float64((i*29 + j*17) % 180)
			if i < 9 {
				gallery[fmt.Sprintf("%s/g%d.jpg", name, j)] = fmt.Sprint(angle)
				enrolled[name] = append(enrolled[name], angle)
			}
			angle += float64((i*7+j*11)%25) + .37
			probes[fmt.Sprintf("%s/p%d.jpg", name, j)] = fmt.Sprint(angle)
			asked[name] = append(asked[name], angle)
		}
	}
	threshold := face.Threshold{Metric: face.Angular, Distance: 5. / 180}
	got, err := eval.Identify(t.Context(), eval.Config{Embedder: &protractor{}, Metric: face.EuclideanL2, Threshold: threshold},
		folder(t, gallery), folder(t, probes))
	if err != nil {
		t.Fatal(err)
	}
	closest := func(angle float64, of []float64) float64 {
		best := 400.0
		for _, a := range of {
			best = min(best, math.Abs(angle-a))
		}
		return best
	}
	var mated, nonMated, rank1, rank5, missed, alarms float64
	for name, angles := range asked {
		for _, angle := range angles {
			nearer, overall := 0.0, 400.0
			for _, of := range enrolled {
				overall = min(overall, closest(angle, of))
				if closest(angle, of) < closest(angle, enrolled[name]) {
					nearer++
				}
			}
			if _, known := enrolled[name]; !known {
				nonMated++
				if overall <= 5 {
					alarms++
				}
				continue
			}
			mated++
			if nearer == 0 {
				rank1++
			}
			if nearer < 5 {
				rank5++
			}
			if nearer > 0 || closest(angle, enrolled[name]) > 5 {
				missed++
			}
		}
	}
	if !near(*got.Rank1, rank1/mated) || !near(*got.Rank5, rank5/mated) || !near(*got.FNIR, missed/mated) || !near(*got.FPIR, alarms/nonMated) {
		t.Errorf("rank1 %g rank5 %g fnir %g fpir %g, by loops %g %g %g %g", *got.Rank1, *got.Rank5, *got.FNIR, *got.FPIR,
			rank1/mated, rank5/mated, missed/mated, alarms/nonMated)
	}
	if rank1 == 0 || rank1 == mated || alarms == 0 || alarms == nonMated {
		t.Errorf("the folders show nothing: rank1 %g of %g, alarms %g of %g", rank1, mated, alarms, nonMated)
	}
}

// What was not measured is null, not 0.
func TestIdentifyWithoutStrangersOrMates(t *testing.T) {
	t.Parallel()
	gallery := folder(t, map[string]string{"a/1.jpg": "0"})
	cfg := eval.Config{Embedder: &protractor{}, Threshold: half}
	got, err := eval.Identify(t.Context(), cfg, gallery, folder(t, map[string]string{"a/p.jpg": "3"}))
	if err != nil || got.FPIR != nil || got.FNIR == nil || *got.Rank1 != 1 || len(got.Intervals) != 3 {
		t.Errorf("mates alone: %+v (%v)", got, err)
	}
	got, err = eval.Identify(t.Context(), cfg, gallery, folder(t, map[string]string{"z/p.jpg": "3"}))
	if err != nil || got.FPIR == nil || *got.FPIR != 1 || got.Rank1 != nil || got.FNIR != nil || len(got.CMC) != 0 {
		t.Errorf("strangers alone: %+v (%v)", got, err)
	}
}

// A gallery of which nothing could be enrolled knows nobody.
func TestIdentifyInAnEmptyGallery(t *testing.T) {
	t.Parallel()
	got, err := eval.Identify(t.Context(), eval.Config{Embedder: &protractor{}, Threshold: half},
		folder(t, map[string]string{"a/1.jpg": "code no_face"}), folder(t, map[string]string{"a/p.jpg": "3", "z/p.jpg": "3"}))
	if err != nil || *got.FNIR != 1 || *got.FPIR != 0 || got.Enrolled.Failed != 1 {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestIdentifyFollowsLinks(t *testing.T) {
	t.Parallel()
	real := folder(t, map[string]string{"a/1.jpg": "0", "b/1.jpg": "90"})
	linked := t.TempDir()
	for link, target := range map[string]string{
		"a": filepath.Join(real, "a"), "stray.jpg": filepath.Join(real, "b", "1.jpg"),
	} {
		if err := os.Symlink(target, filepath.Join(linked, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(real, filepath.Join(real, "a", "loop")); err != nil {
		t.Fatal(err)
	}
	got, err := eval.Identify(t.Context(), eval.Config{Embedder: &protractor{}, Threshold: half}, real, linked)
	if err != nil {
		t.Fatal(err)
	}
	if got.Enrolled.Photos != 2 || got.Mated != 1 || got.NonMated != 1 || *got.Rank1 != 1 || *got.FPIR != 1 {
		t.Errorf("%+v", got)
	}
}

func TestIdentifyRefuses(t *testing.T) {
	t.Parallel()
	good := folder(t, map[string]string{"a/1.jpg": "0"})
	cfg := eval.Config{Embedder: &protractor{}, Threshold: half}
	for name, c := range map[string]struct {
		cfg             eval.Config
		gallery, probes string
		want            face.Code
	}{
		"no embedder":      {eval.Config{Threshold: half}, good, good, face.Invalid},
		"no threshold":     {eval.Config{Embedder: cfg.Embedder}, good, good, face.Invalid},
		"no gallery":       {cfg, filepath.Join(good, "absent"), good, face.NotFound},
		"no probes":        {cfg, good, filepath.Join(good, "absent"), face.NotFound},
		"a file":           {cfg, good, filepath.Join(good, "a", "1.jpg"), face.Invalid},
		"nothing in it":    {cfg, t.TempDir(), good, face.Invalid},
		"no faces at all":  {cfg, folder(t, map[string]string{"a/1": "nothing"}), folder(t, map[string]string{"b/1": "nothing"}), face.NoFace},
		"two spaces":       {cfg, good, folder(t, map[string]string{"a/1.jpg": "other 3"}), face.Mismatch},
		"embedder is down": {cfg, good, folder(t, map[string]string{"a/1.jpg": "code unavailable"}), face.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := eval.Identify(t.Context(), c.cfg, c.gallery, c.probes)
			wantCode(t, err, c.want)
			if name == "no threshold" && !strings.Contains(err.Error(), "give one") {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}
