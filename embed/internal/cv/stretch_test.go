package cv_test

import (
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
)

// sizes are pairs of a picture's size and the one it is stretched to.
var sizes = [][2]image.Point{
	{{1, 1}, {1, 1}}, {{1, 1}, {7, 5}}, {{7, 5}, {1, 1}}, {{1, 50}, {3, 20}}, {{50, 1}, {20, 3}}, {{1, 9}, {1, 31}},
	{{2, 2}, {9, 9}}, {{3, 3}, {4, 4}}, {{64, 48}, {32, 24}}, {{61, 47}, {33, 29}}, {{61, 47}, {61, 20}}, {{61, 47}, {20, 47}},
	{{61, 47}, {160, 131}}, {{400, 3}, {4, 3}}, {{33, 17}, {33, 17}}, {{250, 199}, {64, 63}}, {{5, 4}, {640, 480}},
}

// guarded is memory between two pages that end the process when they are read
// or written; the slice is as near to the second one, or to the first, as its
// alignment to 4 bytes lets it.
func guarded(t *testing.T, bytes int, atEnd bool) []byte {
	t.Helper()
	page := os.Getpagesize()
	inside := (bytes + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, inside+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) })
	for _, guard := range [][]byte{all[:page], all[page+inside:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if !atEnd {
		return all[page:][:bytes]
	}
	return all[page+inside-bytes:][:bytes]
}

// stretched is what Stretch writes, with a stride of 3 more than the width and
// planes 2 floats apart, and that it writes nothing else.
func stretched(t *testing.T, m *cv.Image, to image.Point, p cv.Planes, atEnd bool) []float32 {
	t.Helper()
	const gap = 2
	p.Stride = to.X + 3
	plane := (to.Y-1)*p.Stride + to.X
	p.Begin = [3]int{2 * (plane + gap), 0, plane + gap}
	n := 3*plane + 2*gap
	out := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(guarded(t, 4*n, atEnd)))), n)
	for i := range out {
		out[i] = -1
	}
	if err := m.Stretch(out, p, to.X, to.Y); err != nil {
		t.Fatal(err)
	}
	packed := make([]float32, 0, 3*to.X*to.Y)
	for _, begin := range p.Begin {
		for y := range to.Y {
			row := out[begin+y*p.Stride:][:to.X]
			packed = append(packed, row...)
			for i := range row {
				row[i] = -1
			}
		}
	}
	if slices.ContainsFunc(out, func(v float32) bool { return v != -1 }) {
		t.Errorf("%v: wrote beside the planes", to)
	}
	return packed
}

// resized is what Resize and Spread make of it.
func resized(t *testing.T, m *cv.Image, to image.Point, p cv.Planes) []float32 {
	t.Helper()
	small, err := m.Resize(to.X, to.Y, cv.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	plane := to.X * to.Y
	out := make([]float32, 3*plane)
	p.Stride, p.Begin = to.X, [3]int{0, plane, 2 * plane}
	if err := small.Spread(out, p); err != nil {
		t.Fatal(err)
	}
	return out
}

// apart is the largest difference of two lists of the same length.
func apart(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

func TestStretchIsResizeAndSpread(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes {
		from, to := size[0], size[1]
		for _, atEnd := range []bool{true, false} {
			pixels := guarded(t, 3*from.X*from.Y, atEnd)
			for i := range pixels {
				pixels[i] = byte(random.Uint32()) | byte(-(i & 1)) // half of them white
			}
			m := cv.Over(t, pixels, from)
			plain := cv.Planes{Scale: 1}
			got := stretched(t, m, to, plain, atEnd)
			if d := apart(got, resized(t, m, to, plain)); !(d < 1) {
				t.Errorf("%v to %v: %.3f levels apart", from, to, d)
			}
			mapped := cv.Planes{Scale: 0.5, Shift: [3]float32{-100, 7, 200}}
			for i, v := range stretched(t, m, to, mapped, atEnd) {
				if want := got[i]*0.5 + mapped.Shift[i/(to.X*to.Y)]; math.Abs(float64(v-want)) > 1e-3 {
					t.Fatalf("%v to %v: value %d is %g, want %g", from, to, i, v, want)
				}
			}
		}
	}
}

// Every pixel of a slope is known: it changes by as much from each to the next.
func TestStretchPlacesPixels(t *testing.T) {
	t.Parallel()
	from, to := image.Pt(16, 12), image.Pt(41, 7)
	pixels := guarded(t, 3*from.X*from.Y, true)
	for i := range pixels {
		x, y := i/3%from.X, i/3/from.X
		pixels[i] = byte(10 + 8*x + 5*y + 20*(i%3))
	}
	got := stretched(t, cv.Over(t, pixels, from), to, cv.Planes{Scale: 1}, true)
	place := func(i, from, to int) float64 {
		return min(max((float64(i)+0.5)*float64(from)/float64(to)-0.5, 0), float64(from-1))
	}
	for i, v := range got {
		x, y, c := i%to.X, i/to.X%to.Y, i/(to.X*to.Y)
		want := 10 + 8*place(x, from.X, to.X) + 5*place(y, from.Y, to.Y) + 20*float64(c)
		if math.Abs(float64(v)-want) > 0.04 { // two roundings down by 1/64 of a level, and the weights'
			t.Fatalf("channel %d of pixel %d,%d is %g, want %g", c, x, y, v, want)
		}
	}
}

func TestStretchPhotographs(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(golden.Photos(t), "people", "*", "*.jpg"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no photographs: ", err)
	}
	for _, path := range paths {
		m, err := cv.Decode(golden.Read(t, path), cv.Limits{Bytes: 1 << 30, Pixels: 1e6})
		if errors.Is(err, cv.ErrTooLarge) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		by := 640 / float64(max(m.Width(), m.Height()))
		to := image.Pt(max(1, int(by*float64(m.Width()))), max(1, int(by*float64(m.Height()))))
		plain := cv.Planes{Scale: 1}
		if d := apart(stretched(t, m, to, plain, true), resized(t, m, to, plain)); !(d < 1) {
			t.Errorf("%s: %.3f levels apart", filepath.Base(path), d)
		}
		m.Close()
	}
}

func TestStretchRefuses(t *testing.T) {
	t.Parallel()
	colour := cv.Over(t, guarded(t, 3*4*4, true), image.Pt(4, 4))
	one := grey(t, 4, 4, spotted).Grey()
	defer one.Close()
	fits := cv.Planes{Begin: [3]int{0, 36, 72}, Stride: 6, Scale: 1}
	beyond, before, narrow := fits, fits, fits
	beyond.Begin[2], before.Begin[0], narrow.Stride = 73, -1, 5
	out := make([]float32, 108)
	if err := colour.Stretch(out, fits, 6, 6); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"a grey picture":      one.Stretch(out, fits, 6, 6),
		"no width":            colour.Stretch(out, fits, 0, 6),
		"no height":           colour.Stretch(out, fits, 6, 0),
		"too wide":            colour.Stretch(out, cv.Planes{Stride: cv.MaxSide + 1}, cv.MaxSide+1, 1),
		"a row too many":      colour.Stretch(out, fits, 6, 7),
		"beyond the floats":   colour.Stretch(out, beyond, 6, 6),
		"before the floats":   colour.Stretch(out, before, 6, 6),
		"rows that overlap":   colour.Stretch(out, narrow, 6, 6),
		"floats there aren't": colour.Stretch(nil, fits, 6, 6),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
