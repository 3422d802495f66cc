package dlib_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
	"github.com/visagedb/visage/internal/face"
)

func good(points int) []byte {
	shape := make([]face.Point, points)
	for i := range shape {
		shape[i] = face.Point{X: float32(i) / float32(points), Y: 0.25}
	}
	return dlibtest.Predictor(shape)
}

func TestCheckPredictor(t *testing.T) {
	t.Parallel()
	for _, want := range []int{5, 68} {
		if got, err := dlib.CheckPredictor(good(want)); err != nil || got != want {
			t.Errorf("%d points: got %d, %v", want, got, err)
		}
	}
	for _, points := range []int{0, 1, 4, 6, 69} {
		if _, err := dlib.CheckPredictor(good(points)); err == nil {
			t.Errorf("a predictor of %d points is taken", points)
		}
	}
}

func TestEveryCutIsSeen(t *testing.T) {
	t.Parallel()
	whole := good(5)
	for n := range whole {
		if _, err := dlib.CheckPredictor(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken", n, len(whole))
		}
	}
	if _, err := dlib.CheckPredictor(append(whole, 0)); err == nil {
		t.Error("a byte too many is taken")
	}
}

// Each change makes dlib read outside of its memory, or take too much of it.
func TestRefusesBadPredictors(t *testing.T) {
	t.Parallel()
	const (
		zero    = "\x01\x00\x81\x18"
		zeros   = zero + zero + zero + zero + zero
		still   = "\x81\x0a\x81\x01" + zeros + zeros // a leaf of five points, none of which moves
		ones    = "\x01\x01\x01\x01\x01\x01"         // levels, trees, splits
		split   = "\x01\x00\x01\x02"                 // the pixels that are compared
		anchors = "\x01\x01\x01\x03\x01\x00\x01\x00\x01\x00"
		offsets = "\x01\x01\x01\x03"
	)
	for name, c := range map[string][2]string{
		"pixel outside":          {ones + split, ones + "\x01\x00\x01\x03"},
		"pixel far outside":      {ones + split, ones + "\x01\x00\x08\xff\xff\xff\xff\xff\xff\xff\xff"},
		"negative pixel":         {ones + split, ones + "\x01\x00\x81\x02"},
		"point outside":          {anchors, "\x01\x01\x01\x03\x01\x00\x01\x05\x01\x00"},
		"fewer offsets":          {offsets + zeros + zero, "\x01\x01\x01\x02" + zero + zero + zero + zero},
		"another count of lists": {offsets + zero, "\x01\x02\x01\x03" + zero},
		"one leaf":               {"\x01\x02" + still + still, "\x01\x01" + still},
		"three leaves":           {"\x01\x02" + still + still, "\x01\x03" + still + still + still},
		"a leaf of other shape":  {still + still, still + "\x81\x05\x81\x01" + zeros},
		"two columns":            {still + still, still + "\x81\x05\x81\x02" + zeros + zeros},
		"many levels":            {ones, "\x04\xff\xff\xff\x7f\x01\x01\x01\x01"},
		"many trees":             {ones, "\x01\x01\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x01"},
		"no number":              {offsets + zero, offsets + "\x01\x00\x02\x02\x7d"},
		"infinite":               {offsets + zero, offsets + "\x01\x00\x02\x00\x7d"},
		"too large":              {offsets + zero, offsets + "\x01\x01\x01\x15"}, // 2^21
		"text for a number":      {offsets + zero, offsets + "1.0 "},
		"version":                {"\x01\x01\x81\x0a", "\x01\x02\x81\x0a"},
	} {
		whole := good(5)
		if n := strings.Count(string(whole), c[0]); n != 1 {
			t.Fatalf("%s: the file has %q %d times", name, c[0], n)
		}
		if _, err := dlib.CheckPredictor(bytes.Replace(whole, []byte(c[0]), []byte(c[1]), 1)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Whatever the bytes, the answer is an error or a number of points.
func FuzzCheckPredictor(f *testing.F) {
	f.Add(good(5))
	f.Add(good(5)[:100])
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if points, err := dlib.CheckPredictor(file); err == nil && points != 5 && points != 68 {
			t.Errorf("%d points", points)
		}
	})
}
