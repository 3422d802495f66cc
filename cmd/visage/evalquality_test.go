package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/eval"
)

// Non-matches become rarer as more of the comparisons of the least quality are
// rejected, by every detector that has landmarks.
func TestErrorFallsAsLowQualityIsRejected(t *testing.T) {
	t.Parallel()
	v, photos := newVisage(t), needs(t, "VISAGE_TEST_PHOTOS")
	for _, detector := range []string{"scrfd", "yunet"} {
		r := answer[eval.QualityEvaluation](v, "eval", "quality", "--pairs", filepath.Join(photos, "pairs.csv"), "--root", photos,
			"--models", needs(t, "VISAGE_TEST_MODELS"), "--ort-lib", needs(t, "VISAGE_ORT_LIB"), "--detector", detector, "--model", "MobileFaceNet")
		if r.Photographs != 61 || r.Pairs != 140 || len(r.Harms) != 5 || len(r.FailedFiles) != 0 {
			t.Fatalf("%s: %d photographs, %d pairs, %v", detector, r.Photographs, r.Pairs, r.Harms)
		}
		for i := 10; i < len(r.Curve); i += 10 {
			if now, before := r.Curve[i].FNMR, r.Curve[i-10].FNMR; now >= before {
				t.Errorf("%s: FNMR is %.4f at %d %% rejected, after %.4f", detector, now, i, before)
			}
		}
		if half := r.Curve[50].FNMR; half > 0.6*r.FNMR || r.Gain == nil || *r.Gain < 0.5 {
			t.Errorf("%s: FNMR falls from %.4f to %.4f, areas %+v", detector, r.FNMR, half, r.Area)
		}
		for _, h := range r.Harms[1:] {
			if *h.MeanQuality >= *r.Harms[0].MeanQuality || *h.FNMR <= *r.Harms[0].FNMR {
				t.Errorf("%s: %s leaves a quality of %.3f and an FNMR of %.3f, as they are %.3f and %.3f", detector, h.Kind,
					*h.MeanQuality, *h.FNMR, *r.Harms[0].MeanQuality, *r.Harms[0].FNMR)
			}
		}
	}
}

// The command on drawn people, of a folder and with the built-in models.
func TestEvalQualityOfAFolder(t *testing.T) {
	t.Parallel()
	v, people := newVisage(t), filepath.Join(sampleDir(t), "people")
	args := with(builtIn, "eval", "quality", "--dir", people, "--seed", "3")
	first, again := answer[eval.QualityEvaluation](v, args...), answer[eval.QualityEvaluation](v, args...)
	if first.Photographs != 6 || first.Pairs != 3 || first.Seed != 3 || first.Area != again.Area {
		t.Errorf("%+v, then %+v", first, again)
	}
	if text := v.do(args...); !strings.Contains(text, "rejected at random") || !strings.Contains(text, "downscale") {
		t.Errorf("printed: %s", text)
	}
	for _, wrong := range [][]string{{}, {"--dir", people, "--pairs", "pairs.csv"}} {
		if _, text, code := v.try(with([]string{"eval", "quality"}, wrong...)...); code != exitMisused || !strings.Contains(text, "--dir") {
			t.Errorf("%v: exit %d, %s", wrong, code, text)
		}
	}
}
