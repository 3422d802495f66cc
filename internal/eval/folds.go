package eval

import "math"

// folds is how many parts the accuracy is cross-validated over, as in the
// protocol of Labeled Faces in the Wild (Huang et al., UMass TR 07-49, 2007).
const folds = 10

// accuracy is the share of right decisions, with its standard error.
type accuracy struct {
	mean          float64
	standardError *float64 // nil without folds
	folds         int      // 1 where there are too few pairs for more
}

// crossValidate finds the best threshold on nine tenths of the comparisons and
// applies it to the last tenth, for each tenth, and returns the mean of the ten
// accuracies and its standard error (their standard deviation over root ten).
//
// The folds are dealt out in the order of the list, genuine and impostor pairs
// each for themselves, so that they are the same in every run and each has both
// kinds. Unlike in LFW's own folds, a person may appear in several of them.
//
// With fewer than ten pairs of a kind the accuracy is that of the best
// threshold on all pairs, which flatters; folds then says 1.
func crossValidate(comparisons []comparison) accuracy {
	all := newCurve(comparisons)
	if all.genuine < folds || all.impostor < folds {
		return accuracy{mean: all.correct(all.steps[all.best()]), folds: 1}
	}
	parts := deal(comparisons)
	var sum, squares float64
	for out := range parts {
		var train []comparison
		for i, part := range parts {
			if i != out {
				train = append(train, part...)
			}
		}
		trained, test := newCurve(train), newCurve(parts[out])
		share := test.correct(test.at(trained.threshold(trained.best())))
		sum += share
		squares += share * share
	}
	mean := sum / folds
	variance := max(0, squares/folds-mean*mean) * folds / (folds - 1)
	standardError := math.Sqrt(variance / folds)
	return accuracy{mean: mean, standardError: &standardError, folds: folds}
}

// deal splits the comparisons into folds, each kind in turn.
func deal(comparisons []comparison) [folds][]comparison {
	var (
		parts [folds][]comparison
		next  = map[bool]int{}
	)
	for _, c := range comparisons {
		i := next[c.same] % folds
		next[c.same]++
		parts[i] = append(parts[i], c)
	}
	return parts
}

// correct is the share of all comparisons that are decided rightly at a step.
func (c curve) correct(s step) float64 {
	return float64(s.genuine+c.impostor-s.impostor) / float64(c.genuine+c.impostor)
}
