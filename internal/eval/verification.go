package eval

import (
	"context"
	"math"
	"path/filepath"
	"strconv"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// fmrTargets are the false match rates at which the true accept rate is
// reported.
var fmrTargets = [...]float64{0.01, 0.001}

// Verification is the report of the pairs protocol. All rates are shares in
// [0,1] over all pairs of their kind; a pair with a photograph that failed
// matches at no threshold.
type Verification struct {
	Pairs  int `json:"pairs"`
	Failed int `json:"failed"` // pairs with a photograph that failed
	// Accuracy is the mean of ten folds, or that of the best threshold on all
	// pairs where Folds is 1.
	Accuracy              float64  `json:"accuracy"`
	AccuracyStandardError *float64 `json:"accuracy_standard_error"` // null without folds
	Folds                 int      `json:"folds"`
	// Baseline is the accuracy of always giving the commoner answer, without
	// looking: what Accuracy must be read against where the kinds are uneven.
	Baseline        float64            `json:"baseline"`
	Threshold       float64            `json:"threshold"` // the best on all pairs
	AUC             float64            `json:"auc"`
	EER             float64            `json:"eer"`
	TARAtFMR        map[string]float64 `json:"tar_at_fmr"` // by the target FMR
	OperatingPoints []Point            `json:"operating_points"`
	ModelThreshold  *Point             `json:"at_model_threshold,omitempty"`
	Genuine         Distribution       `json:"genuine"`
	Impostor        Distribution       `json:"impostor"`
	Metric          face.Metric        `json:"metric"`
	Detector        string             `json:"detector"`
	Model           string             `json:"model"`
	Space           string             `json:"space"`
	FailedFiles     []Failure          `json:"failed_files"`
}

// Point is one threshold and the error rates there.
type Point struct {
	// TargetFMR is the rate that the threshold was chosen for, as the largest
	// that does not exceed it; absent where the threshold was given.
	TargetFMR       float64  `json:"target_fmr,omitempty"`
	Source          string   `json:"source,omitempty"` // of a threshold that was given
	Threshold       float64  `json:"threshold"`
	FMR             float64  `json:"fmr"`
	FMRInterval     Interval `json:"fmr_interval"`
	FalseMatches    int      `json:"false_matches"`
	Impostors       int      `json:"impostors"`
	FNMR            float64  `json:"fnmr"`
	FNMRInterval    Interval `json:"fnmr_interval"`
	FalseNonMatches int      `json:"false_non_matches"`
	Genuine         int      `json:"genuine"`
	TAR             float64  `json:"tar"`
	TARInterval     Interval `json:"tar_interval"`
	Accuracy        float64  `json:"accuracy"`
}

// Verify runs the pairs protocol: it embeds the most prominent face of every
// photograph once and compares the pairs. Relative paths are below root.
//
// It returns Invalid for a list without genuine or without impostor pairs and
// for a faulty Config, NoFace where no photograph gave a face, Mismatch where
// templates are of different spaces, Cancelled where ctx ended, and what the
// Embedder fails with otherwise.
func Verify(ctx context.Context, cfg Config, pairs []Pair, root string) (Verification, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return Verification{}, err
	}
	if err := bothKinds(pairs); err != nil {
		return Verification{}, err
	}
	located := make([]Pair, len(pairs))
	var files []string
	for i, p := range pairs {
		located[i] = Pair{A: locate(root, p.A), B: locate(root, p.B), Same: p.Same}
		files = append(files, located[i].A, located[i].B)
	}
	photos, space, err := acquire(ctx, cfg, files)
	if err != nil {
		return Verification{}, err
	}
	comparisons, err := compare(cfg.Metric, located, photos)
	if err != nil {
		return Verification{}, err
	}
	report := measure(comparisons)
	report.Metric, report.Detector = cfg.Metric, cfg.Detector
	report.Model, report.Space = space.Recognizer, space.Name()
	report.FailedFiles = failures(photos)
	if cfg.Threshold != (face.Threshold{}) {
		own, err := search.ConvertThreshold(cfg.Threshold, cfg.Metric, space)
		if err != nil {
			return Verification{}, err
		}
		c := newCurve(comparisons)
		point := c.point(c.at(own.Distance), own.Distance)
		point.Source = own.Source
		report.ModelThreshold = &point
	}
	return report, nil
}

// bothKinds refuses a list from which no rate can be computed.
func bothKinds(pairs []Pair) error {
	genuine := 0
	for _, p := range pairs {
		if p.Same {
			genuine++
		}
	}
	if genuine == 0 || genuine == len(pairs) {
		return face.Errorf(face.Invalid, "%d pairs of the same person and %d of two: the list needs both kinds", genuine, len(pairs)-genuine)
	}
	return nil
}

func locate(root, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(root, path)
}

func compare(metric face.Metric, pairs []Pair, photos map[string]acquired) ([]comparison, error) {
	comparisons := make([]comparison, len(pairs))
	for i, p := range pairs {
		comparisons[i] = comparison{distance: math.Inf(1), same: p.Same}
		a, b := photos[p.A], photos[p.B]
		if a.failure != nil || b.failure != nil {
			continue
		}
		d, err := search.Distance(metric, a.template.Vector, b.template.Vector)
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "%s and %s", p.A, p.B)
		}
		comparisons[i].distance = d
	}
	return comparisons, nil
}

// measure computes the rates.
func measure(comparisons []comparison) Verification {
	c, fold := newCurve(comparisons), crossValidate(comparisons)
	report := Verification{
		Pairs:                 len(comparisons),
		Accuracy:              fold.mean,
		AccuracyStandardError: fold.standardError,
		Folds:                 fold.folds,
		Baseline:              float64(max(c.genuine, c.impostor)) / float64(len(comparisons)),
		Threshold:             c.threshold(c.best()),
		AUC:                   c.auc(),
		EER:                   c.eer(),
		TARAtFMR:              map[string]float64{},
		Genuine:               describe(comparisons, genuine),
		Impostor:              describe(comparisons, impostor),
	}
	report.Failed = report.Genuine.Failed + report.Impostor.Failed
	for _, target := range fmrTargets {
		i := c.under(target)
		point := c.point(c.steps[i], c.threshold(i))
		point.TargetFMR = target
		report.OperatingPoints = append(report.OperatingPoints, point)
		report.TARAtFMR[strconv.FormatFloat(target, 'f', -1, 64)] = point.TAR
	}
	return report
}

// point describes a step, reached with the given threshold.
func (c curve) point(s step, threshold float64) Point {
	return Point{
		Threshold:       threshold,
		FMR:             c.fmr(s),
		FMRInterval:     wilson(s.impostor, c.impostor),
		FalseMatches:    s.impostor,
		Impostors:       c.impostor,
		FNMR:            c.fnmr(s),
		FNMRInterval:    wilson(c.genuine-s.genuine, c.genuine),
		FalseNonMatches: c.genuine - s.genuine,
		Genuine:         c.genuine,
		TAR:             float64(s.genuine) / float64(c.genuine),
		TARInterval:     wilson(s.genuine, c.genuine),
		Accuracy:        c.correct(s),
	}
}
