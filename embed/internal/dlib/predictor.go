package dlib

import (
	"errors"
	"fmt"
)

// MaxPredictor is the largest predictor that is read, in bytes. The 68-point
// one has 100 MB; dlib takes at most four times a file's size in memory.
const MaxPredictor = 256 << 20

// What a predictor may hold.
const (
	maxShape  = 2 * 68 // values of a shape
	maxLevels = 256    // of the cascade; the known ones have 10 and 15
)

var errPredictor = errors.New("not a whole shape predictor of dlib")

// CheckPredictor reads through a shape predictor (Kazemi and Sullivan 2014, "One
// Millisecond Face Alignment with an Ensemble of Regression Trees") in dlib's
// file format and returns how many points it gives, 5 or 68. dlib itself
// believes the counts and indexes of a file, takes as much memory as they say
// and reads where they point, so nothing else may reach it.
//
// The format (dlib/image_processing/shape_predictor.h, dlib/serialize.h): the
// version 1; the mean shape, a column of x,y; the levels of the cascade, each
// some trees, each its splits (two pixels' indexes, a threshold) and its leaves
// (a shape to add); for each level the shape point that each pixel is bound to;
// for each level the pixels' offsets x,y from those points.
func CheckPredictor(file []byte) (points int, err error) {
	if len(file) > MaxPredictor {
		return 0, fmt.Errorf("a predictor of %d bytes: at most %d are read", len(file), MaxPredictor)
	}
	r := &predictorReader{reader{rest: file}}
	if version := r.signed(4); r.broken || version != 1 {
		return 0, fmt.Errorf("%w: it does not begin like one", errPredictor)
	}
	values := r.column()
	if values != 2*5 && values != maxShape {
		return 0, fmt.Errorf("%w: its shape has %d values, those known have 5 or 68 points", errPredictor, values)
	}
	levels := r.count()
	if levels > maxLevels {
		return 0, fmt.Errorf("%w: %d levels, at most %d are read", errPredictor, levels, maxLevels)
	}
	used := make([]uint64, levels)
	for level := range used {
		used[level] = r.trees(values)
	}
	r.pixels(used, uint64(values/2))
	if r.broken || len(r.rest) != 0 {
		return 0, fmt.Errorf("%w: it is damaged at byte %d of %d", errPredictor, len(file)-len(r.rest), len(file))
	}
	return values / 2, nil
}

// predictorReader reads the parts of a predictor.
type predictorReader struct{ reader }

// column reads a matrix of one column and returns its rows. Files have both
// counts negative; older ones do not.
func (r *predictorReader) column() int {
	rows, columns := r.signed(8), r.signed(8)
	if rows < 0 || columns < 0 {
		rows, columns = -rows, -columns
	}
	if r.broken || columns != 1 || rows < 1 || rows > maxShape {
		r.broken = true
		return 0
	}
	for range rows {
		r.float()
	}
	return int(rows)
}

// trees reads a level of the cascade and returns how many pixels it reads at
// least: its highest index and one.
func (r *predictorReader) trees(values int) (used uint64) {
	for n := r.count(); n > 0 && !r.broken; n-- {
		splits := r.count()
		for range splits {
			used = max(used, r.index(), r.index())
			r.float()
		}
		leaves := r.count()
		r.broken = r.broken || leaves != splits+1 || leaves&(leaves-1) != 0
		for i := 0; i < leaves && !r.broken; i++ {
			r.broken = r.column() != values || r.broken
		}
	}
	return used
}

// index reads a pixel's index and returns how many pixels it asks for.
func (r *predictorReader) index() uint64 {
	at := r.unsigned()
	if at >= MaxPredictor { // a pixel takes more than one byte
		return r.fail()
	}
	return at + 1
}

// pixels reads where the pixels of every level lie. Levels read the numbers of
// pixels in used, and points is how many points there are to bind them to.
func (r *predictorReader) pixels(used []uint64, points uint64) {
	sizes := make([]int, len(used))
	r.levels(len(used), func(level, pixels int) {
		sizes[level] = pixels
		r.broken = r.broken || used[level] > uint64(pixels)
		for range pixels {
			r.broken = r.unsigned() >= points || r.broken
		}
	})
	r.levels(len(used), func(level, pixels int) {
		r.broken = r.broken || sizes[level] != pixels
		for range 2 * pixels {
			r.float()
		}
	})
}

// levels reads one list for each level of the cascade; read is told its length
// and reads its elements.
func (r *predictorReader) levels(want int, read func(level, length int)) {
	if r.count() != want {
		r.broken = true
		return
	}
	for level := range want {
		read(level, r.count())
	}
}
