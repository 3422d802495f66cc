package eval

import "math"

// Interval is a 95 % confidence interval of a rate.
type Interval [2]float64

// wilson gives the interval of count out of n by Wilson's score method (E. B.
// Wilson, JASA 22, 1927), which stays within [0,1] and says something even at
// no errors seen: the upper end is then near 3.84/(n+3.84). With n = 0 nothing
// is known.
//
// It takes comparisons as independent, which those that share a photograph are
// not: the true interval is wider.
func wilson(count, n int) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	const z = 1.959963984540054 // the 97.5 % point of the normal distribution
	trials, rate := float64(n), float64(count)/float64(n)
	centre := (rate + z*z/(2*trials)) / (1 + z*z/trials)
	half := z / (1 + z*z/trials) * math.Sqrt(rate*(1-rate)/trials+z*z/(4*trials*trials))
	ends := Interval{centre - half, centre + half}
	if count == 0 {
		ends[0] = 0 // exactly, which rounding would miss
	}
	if count == n {
		ends[1] = 1
	}
	return ends
}
