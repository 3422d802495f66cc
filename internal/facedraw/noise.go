package facedraw

import "math"

// hash mixes a lattice point and a seed into 32 bits (the finaliser of
// MurmurHash3 over odd multiples of the coordinates).
func hash(x, y, z int, seed uint32) uint32 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 ^ uint32(z)*0xc2b2ae3d ^ seed*0x27d4eb2f
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func hash01(x, y, z int, seed uint32) float64 {
	return float64(hash(x, y, z, seed)) / math.MaxUint32
}

// noise is smooth value noise in [0,1] with one random value per unit cube.
func noise(x, y, z float64, seed uint32) float64 {
	fx, fy, fz := math.Floor(x), math.Floor(y), math.Floor(z)
	ix, iy, iz := int(fx), int(fy), int(fz)
	tx, ty, tz := ease(x-fx), ease(y-fy), ease(z-fz)
	plane := func(k int) float64 {
		top := lerp(hash01(ix, iy, k, seed), hash01(ix+1, iy, k, seed), tx)
		low := lerp(hash01(ix, iy+1, k, seed), hash01(ix+1, iy+1, k, seed), tx)
		return lerp(top, low, ty)
	}
	if tz == 0 {
		return plane(iz)
	}
	return lerp(plane(iz), plane(iz+1), tz)
}

func ease(t float64) float64 { return t * t * (3 - 2*t) }

// fractal sums three octaves of noise, in [0,1].
func fractal(x, y, z float64, seed uint32) float64 {
	return (4*noise(x, y, z, seed) + 2*noise(2*x, 2*y, 2*z, seed+1) + noise(4*x, 4*y, 4*z, seed+2)) / 7
}
