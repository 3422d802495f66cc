package quality

import "math"

// light is the mean of the luminance and its standard deviation, as shares of
// white: what ISO/IEC 29794-5 (face image quality) calls luminance mean and, its
// square, luminance variance. Nothing seen is black.
func (s seen) light() (mean, deviation float64) {
	sum, squares := 0, 0
	for y := s.within.Min.Y; y < s.within.Max.Y; y++ {
		for _, v := range s.pixels[y*s.width+s.within.Min.X : y*s.width+s.within.Max.X] {
			sum += int(v)
			squares += int(v) * int(v)
		}
	}
	n := s.within.Dx() * s.within.Dy()
	if n == 0 {
		return 0, 0
	}
	mean = float64(sum) / float64(n)
	variance := float64(squares)/float64(n) - mean*mean
	return mean / 255, math.Sqrt(max(0, variance)) / 255
}
