package eval

import (
	"context"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// QualityConfig says how a quality score is evaluated.
type QualityConfig struct {
	Config          // Threshold is required
	Spoiler Spoiler // required
	// Seed decides how strongly each photograph is spoilt. Defaults to 0.
	Seed uint64
}

// QualityEvaluation is the report of Quality. Its rates are of genuine comparisons.
type QualityEvaluation struct {
	Photographs int `json:"photographs"`
	// Versions counts the photographs as they are and spoilt in which a face was found.
	Versions    int     `json:"versions"`
	Failed      int     `json:"failed"` // versions without a face, which are in no comparison
	Pairs       int     `json:"pairs"`  // genuine ones
	Comparisons int     `json:"comparisons"`
	FNMR        float64 `json:"fnmr"` // nothing rejected
	// Curve is the error-versus-reject curve of ISO/IEC 29794-1, at every hundredth.
	Curve           []QualityPoint `json:"curve"`
	Area            Areas          `json:"area"`
	Gain            *float64       `json:"gain"` // Area.Gain
	Harms           []HarmOutcome  `json:"harms"`
	Metric          face.Metric    `json:"metric"`
	Threshold       float64        `json:"threshold"`
	ThresholdSource string         `json:"threshold_source"`
	Detector        string         `json:"detector"`
	Model           string         `json:"model"`
	Space           string         `json:"space"`
	Seed            uint64         `json:"seed"`
	FailedFiles     []Failure      `json:"failed_files"` // those that failed as they are
}

// HarmOutcome is what one harm does to photographs.
type HarmOutcome struct {
	Kind     face.HarmKind `json:"kind"` // none for photographs as they are
	Versions int           `json:"versions"`
	Failed   int           `json:"failed"` // that gave no face, of further ones
	// MeanQuality is that of Versions; nil where there are none.
	MeanQuality *float64 `json:"mean_quality"`
	// Comparisons are those with photographs as they are, and FNMR is their rate; nil
	// where there are none.
	Comparisons int      `json:"comparisons"`
	FNMR        *float64 `json:"fnmr"`
}

// Quality tells whether a quality score is worth having: whether errors become rarer
// when the comparisons of the least quality are rejected. It spoils each photograph of
// the genuine pairs in every way, by strengths drawn evenly from all there are, compares
// all versions of one photograph of a pair with all of the other at a given threshold, and
// takes the score of the worse of the two for the comparison's. Impostor pairs are not
// looked at. Relative paths are below root.
//
// It returns Invalid for a list without genuine pairs and for a faulty config, NoFace
// where nothing could be compared, and otherwise the errors of Verify.
func Quality(ctx context.Context, cfg QualityConfig, pairs []Pair, root string) (QualityEvaluation, error) {
	cfg.Config = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return QualityEvaluation{}, err
	}
	if cfg.Spoiler == nil || cfg.Threshold == (face.Threshold{}) {
		return QualityEvaluation{}, face.Errorf(face.Invalid, "eval.QualityConfig needs a Spoiler and a Threshold")
	}
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return !p.Same || p.A == p.B })
	if len(pairs) == 0 {
		return QualityEvaluation{}, face.Errorf(face.Invalid, "no pair of two photographs of the same person: there is nothing to miss")
	}
	files := map[string]string{}
	for _, p := range pairs {
		files[p.A], files[p.B] = locate(root, p.A), locate(root, p.B)
	}
	photos, err := versions(ctx, cfg, files)
	if err != nil {
		return QualityEvaluation{}, err
	}
	space, err := spaceOfAll(photos)
	if err != nil {
		return QualityEvaluation{}, err
	}
	own, err := search.ConvertThreshold(cfg.Threshold, cfg.Metric, space)
	if err != nil {
		return QualityEvaluation{}, err
	}
	report, err := grade(cfg.Metric, own.Distance, pairs, photos)
	report.Metric, report.Threshold, report.ThresholdSource = cfg.Metric, own.Distance, own.Source
	report.Detector, report.Model, report.Space, report.Seed = cfg.Detector, space.Recognizer, space.Name(), cfg.Seed
	return report, err
}

// spaceOfAll is the one space of all versions; see spaceOf.
func spaceOfAll(photos map[string][]version) (face.Space, error) {
	var names []string
	var results []acquired
	for name, all := range photos {
		for _, v := range all {
			names, results = append(names, name), append(results, v.acquired)
		}
	}
	return spaceOf(names, results)
}

// grade compares the versions of pairs and draws the curve.
func grade(metric face.Metric, threshold float64, pairs []Pair, photos map[string][]version) (QualityEvaluation, error) {
	report := QualityEvaluation{Photographs: len(photos), Pairs: len(pairs)}
	harms := newHarmCount(photos)
	var comparisons []graded
	for _, p := range pairs {
		for _, a := range photos[p.A] {
			for _, b := range photos[p.B] {
				if a.failure != nil || b.failure != nil {
					continue
				}
				d, err := search.Distance(metric, a.template.Vector, b.template.Vector)
				if err != nil {
					return report, face.Wrap(face.CodeOf(err), err, "%s and %s", p.A, p.B)
				}
				g := graded{quality: min(score(a), score(b)), missed: d > threshold}
				comparisons = append(comparisons, g)
				harms.compared(a.kind, b.kind, g.missed)
			}
		}
	}
	if len(comparisons) == 0 {
		return report, face.Errorf(face.NoFace, "none of %d pairs has a face in both photographs", len(pairs))
	}
	report.Comparisons, report.Harms = len(comparisons), harms.outcomes()
	for _, h := range report.Harms {
		report.Versions += h.Versions
		report.Failed += h.Failed
	}
	report.Curve, report.Area = rejection(comparisons)
	report.FNMR, report.Gain = report.Curve[0].FNMR, report.Area.Gain()
	report.FailedFiles = unseen(photos)
	return report, nil
}

func score(v version) float64 { return v.template.Measures.Quality.Score }

// unseen lists the photographs that failed as they are, by path.
func unseen(photos map[string][]version) []Failure {
	list := []Failure{}
	for _, all := range photos {
		if all[0].failure != nil {
			list = append(list, *all[0].failure)
		}
	}
	slices.SortFunc(list, func(a, b Failure) int { return strings.Compare(a.File, b.File) })
	return list
}
