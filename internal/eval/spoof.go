package eval

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Judge says whether the most prominent face of a photograph is live, with the
// probability of a live face as score. It is called from several goroutines at once.
// Which errors are counted, as non-responses, and which end the evaluation is as with
// an Embedder.
type Judge interface {
	Judge(ctx context.Context, data []byte) (face.Liveness, error)
}

// SpoofConfig says how a model of liveness is tested.
type SpoofConfig struct {
	Judge Judge // required
	// Model and Detector are the names that the report gives.
	Model, Detector string
	// Threshold is the least score of a live face that the model has; 0 where the class
	// that is the most likely decides.
	Threshold float64
	// Workers is how many photographs are judged at once. Defaults to the number of
	// processors that Go may use.
	Workers int
	// Progress, if not nil, is told after every photograph how many of how many are
	// done; its calls do not overlap.
	Progress func(done, total int)
}

// Spoofing is the report of the test of a model of liveness. All rates are shares in
// [0,1].
type Spoofing struct {
	Model    string  `json:"model"`
	Detector string  `json:"detector"`
	Real     Species `json:"real"`
	// Species are the kinds of attacks, by name: the folders below that of the attacks.
	// What lies in that itself is the kind without a name.
	Species []Species `json:"attacks"`
	// AtModel is where the model itself decides.
	AtModel SpoofPoint `json:"at_model"`
	// EER is on straight lines between the scores that were seen, over all attacks
	// together. It is null, and AtTarget has no points, where a side has no response.
	EER *float64 `json:"eer"`
	// AtTarget is where at most a share of the worst kind's attacks passes.
	AtTarget    []SpoofPoint `json:"at_apcer"`
	FailedFiles []Failure    `json:"failed_files"`
}

// Species is one kind of presentations.
type Species struct {
	Name       string `json:"name"`
	Photos     int    `json:"photos"`
	Classified int    `json:"classified"` // of which the model says something
	// NonResponse is the share of the others, in which no face was found for the most
	// part: APNRR or BPNRR.
	NonResponse float64 `json:"non_response_rate"`
	Passed      int     `json:"passed_as_live"` // by the model itself
}

// Rate is a share of some presentations, with a 95 % confidence interval. It is null
// with [0,1] where there is none.
type Rate struct {
	Rate     *float64 `json:"rate"`
	Interval Interval `json:"interval"`
	Count    int      `json:"count"`
	Of       int      `json:"of"`
}

// SpoofPoint has the errors where a face is taken for live from some score on.
type SpoofPoint struct {
	// TargetAPCER is the rate that the threshold was chosen for; absent at the model's
	// own.
	TargetAPCER float64 `json:"target_apcer,omitempty"`
	// Threshold is the least score of a live face, above 1 where none passes; null where
	// the most likely class decides.
	Threshold *float64 `json:"threshold"`
	// APCER is of all attacks together, WorstAPCER of the kind Worst.
	APCER      Rate     `json:"apcer"`
	WorstAPCER Rate     `json:"apcer_worst"`
	Worst      string   `json:"worst"`
	BPCER      Rate     `json:"bpcer"`
	ACER       *float64 `json:"acer"` // null where one of its two rates is
}

// apcerTargets are the rates at which BPCER is reported: BPCER20 of ISO/IEC 30107-3.
var apcerTargets = [...]float64{0.05}

// Spoof tests a model of liveness on the photographs below two folders.
//
// It returns the errors of folders (NotFound, Invalid, Unreadable), Invalid for a faulty
// Config, Cancelled where ctx ended, and what the Judge fails with otherwise.
func Spoof(ctx context.Context, cfg SpoofConfig, realDir, attackDir string) (Spoofing, error) {
	if cfg.Judge == nil {
		return Spoofing{}, face.Errorf(face.Invalid, "eval.SpoofConfig.Judge is missing")
	}
	bonaFide, err := list(realDir)
	if err != nil {
		return Spoofing{}, err
	}
	attacks, err := list(attackDir)
	if err != nil {
		return Spoofing{}, err
	}
	for i := range bonaFide {
		bonaFide[i].identity = "" // whose they are counts for nothing
	}
	all, err := judgeAll(ctx, cfg, slices.Concat(bonaFide, attacks))
	if err != nil {
		return Spoofing{}, err
	}
	return reportOf(cfg, all[:len(bonaFide)], all[len(bonaFide):]), nil
}

// reportOf computes the rates.
func reportOf(cfg SpoofConfig, live, attacks []judged) Spoofing {
	bonaFide, byName := presented{all: live}, map[string][]judged{}
	for _, j := range attacks {
		byName[j.kind] = append(byName[j.kind], j)
	}
	var species []presented
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		species = append(species, presented{name, byName[name]})
	}
	report := Spoofing{Model: cfg.Model, Detector: cfg.Detector, Real: bonaFide.species(), AtTarget: []SpoofPoint{}, FailedFiles: []Failure{}}
	for _, s := range species {
		report.Species = append(report.Species, s.species())
	}
	report.AtModel = decide(bonaFide, species, func(l face.Liveness) bool { return l.Real })
	if cfg.Threshold > 0 {
		report.AtModel.Threshold = &cfg.Threshold
	}
	for _, j := range slices.Concat(live, attacks) {
		if j.failure != nil {
			report.FailedFiles = append(report.FailedFiles, *j.failure)
		}
	}
	report.atScores(bonaFide, species)
	return report
}

// atScores fills in what depends on scores alone.
func (r *Spoofing) atScores(bonaFide presented, species []presented) {
	everything := presented{}
	answered := []presented{}
	for _, s := range species {
		if everything.all = append(everything.all, s.all...); len(s.answered()) > 0 {
			answered = append(answered, s)
		}
	}
	if len(bonaFide.answered()) == 0 || len(answered) == 0 {
		return
	}
	eer := scoreCurve(bonaFide, everything).eer()
	r.EER = &eer
	for _, target := range apcerTargets {
		within := math.Inf(1)        // of 1 less the score
		for _, s := range answered { // the strictest, which holds for all
			c := scoreCurve(bonaFide, s)
			within = min(within, c.threshold(c.under(target)))
		}
		at := decide(bonaFide, species, func(l face.Liveness) bool { return 1-l.Score <= within })
		threshold := 1 - within
		at.TargetAPCER, at.Threshold = target, &threshold
		r.AtTarget = append(r.AtTarget, at)
	}
}

// scoreCurve is that of the distances 1 less the score, by which live faces are
// genuine and attacks impostors: FMR is then APCER, and FNMR BPCER.
func scoreCurve(bonaFide, attacks presented) curve {
	var all []comparison
	for _, l := range bonaFide.answered() {
		all = append(all, comparison{distance: 1 - l.Score, same: true})
	}
	for _, l := range attacks.answered() {
		all = append(all, comparison{distance: 1 - l.Score})
	}
	return newCurve(all)
}

// decide counts the errors of a decision.
func decide(bonaFide presented, species []presented, live func(face.Liveness) bool) SpoofPoint {
	said := bonaFide.answered()
	d := SpoofPoint{BPCER: rate(len(said)-passed(said, live), len(said))}
	count, of := 0, 0
	for _, s := range species {
		said := s.answered()
		one := rate(passed(said, live), len(said))
		count, of = count+one.Count, of+one.Of
		if one.Rate != nil && (d.WorstAPCER.Rate == nil || *one.Rate > *d.WorstAPCER.Rate) {
			d.WorstAPCER, d.Worst = one, s.name
		}
	}
	d.APCER = rate(count, of)
	if d.WorstAPCER.Rate == nil {
		d.WorstAPCER = rate(0, 0)
	} else if d.BPCER.Rate != nil {
		acer := (*d.WorstAPCER.Rate + *d.BPCER.Rate) / 2
		d.ACER = &acer
	}
	return d
}

func rate(count, of int) Rate {
	r := Rate{Interval: wilson(count, of), Count: count, Of: of}
	if of > 0 {
		share := float64(count) / float64(of)
		r.Rate = &share
	}
	return r
}

func passed(said []face.Liveness, live func(face.Liveness) bool) (n int) {
	for _, l := range said {
		if live(l) {
			n++
		}
	}
	return n
}
