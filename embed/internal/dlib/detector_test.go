//go:build dlib

package dlib_test

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/dlibtest"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := dlib.Open() + cv.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

func write(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "predictor.dat")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, content []byte) *dlib.Detector {
	t.Helper()
	d, err := dlib.Load(write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, d.Close()) })
	return d
}

// picture is a photograph reduced to a width: its bytes, width and height.
func picture(t *testing.T, name string, width int) ([]byte, int, int) {
	t.Helper()
	photo, err := cv.Decode(golden.Read(t, golden.PhotoPath(t, name)), cv.Limits{Bytes: 1 << 26, Pixels: 1e8})
	if err != nil {
		t.Fatal(err)
	}
	defer photo.Close()
	height := width * photo.Height() / photo.Width()
	small, err := photo.Resize(width, height, cv.Area)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	pixels, err := small.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(pixels), width, height
}

// The predictor's points are shares of the box, from the middle of its first
// pixel to the middle of its last.
func TestPointsLieInTheBox(t *testing.T) {
	t.Parallel()
	shape := []face.Point{{X: 0.75, Y: 0.25}, {X: 0.5, Y: 0.25}, {X: 0, Y: 0}, {X: 1, Y: 1}, {X: 0.5, Y: 1.5}}
	d := load(t, dlibtest.Predictor(shape))
	pixels, w, h := picture(t, "img24.jpg", 300)
	faces, err := d.Detect(pixels, w, h, 1, 0)
	if err != nil || len(faces) != 1 || len(faces[0].Points) != 5 || d.Points() != 5 {
		t.Fatalf("got %v, %v", faces, err)
	}
	box, score := faces[0].Box, faces[0].Score
	for i, p := range faces[0].Points {
		x := float64(box.Min.X) + float64(shape[i].X)*float64(box.Dx()-1)
		y := float64(box.Min.Y) + float64(shape[i].Y)*float64(box.Dy()-1)
		if math.Abs(float64(p.X)-x) > 0.51 || math.Abs(float64(p.Y)-y) > 0.51 {
			t.Errorf("point %d is at %v, want %.2f,%.2f of %v", i, p, x, y, box)
		}
	}
	for threshold, want := range map[float64]int{score - 0.01: 1, score + 0.01: 0, math.Inf(1): 0} {
		if faces, err := d.Detect(pixels, w, h, 1, threshold); err != nil || len(faces) != want {
			t.Errorf("threshold %g for a face of %g: %d faces, %v", threshold, score, len(faces), err)
		}
	}
}

// Each doubling halves the least size of a face, from 80 pixels, and leaves the
// face where it is.
func TestUpsample(t *testing.T) {
	t.Parallel()
	d := load(t, good(5))
	large, w, h := picture(t, "img24.jpg", 300)
	faces, err := d.Detect(large, w, h, 0, 0)
	if err != nil || len(faces) != 1 {
		t.Fatalf("got %v, %v", faces, err)
	}
	want := faces[0].Box
	for upsample, found := range []int{0, 0, 1} {
		small, w, h := picture(t, "img24.jpg", 50) // the face has some 25 pixels
		faces, err := d.Detect(small, w, h, upsample, 0)
		if err != nil || len(faces) != found {
			t.Fatalf("doubled %d times: got %v, %v", upsample, faces, err)
		}
		for _, f := range faces {
			got := image.Rectangle{f.Box.Min.Mul(6), f.Box.Max.Mul(6)}
			if both := got.Intersect(want); 2*both.Dx()*both.Dy() < want.Dx()*want.Dy() || got.Dx() > 3*want.Dx()/2 {
				t.Errorf("doubled %d times: %v, want about %v", upsample, got, want)
			}
		}
	}
}

func TestRefusesFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.dat")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, dlib.MaxPredictor+1); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo.dat")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"missing":    {filepath.Join(dir, "none.dat"), "no such file"},
		"folder":     {dir, "regular file"},
		"huge":       {huge, "at most"},
		"fifo":       {fifo, "regular file"},
		"empty":      {write(t, nil), "does not begin"},
		"junk":       {write(t, []byte("junk junk junk")), "does not begin"},
		"compressed": {write(t, []byte("BZh91AY&SY\x00\x01\x02")), "does not begin"},
		"cut short":  {write(t, good(68)[:1000]), "damaged at byte"},
	} {
		d, err := dlib.Load(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		golden.Check(t, d.Close())
	}
}

func TestRefusesPictures(t *testing.T) {
	t.Parallel()
	d := load(t, good(5))
	grey := make([]byte, 3*10*10)
	for name, c := range map[string]struct {
		pixels                  []byte
		width, height, upsample int
		threshold               float64
	}{
		"no width":         {grey, 0, 10, 0, 0},
		"negative height":  {grey, 10, -10, 0, 0},
		"too few bytes":    {grey[1:], 10, 10, 0, 0},
		"too many bytes":   {grey, 10, 9, 0, 0},
		"no bytes":         {nil, 10, 10, 0, 0},
		"upsampled often":  {grey, 10, 10, dlib.MaxUpsample + 1, 0},
		"downsampled":      {grey, 10, 10, -1, 0},
		"too many pixels":  {grey, 1 << 15, 1<<11 + 1, 0, 0},
		"too many doubled": {grey, 1 << 13, 1<<11 + 1, 1, 0},
		"low threshold":    {grey, 10, 10, 0, -1.01},
		"no threshold":     {grey, 10, 10, 0, math.NaN()},
	} {
		if faces, err := d.Detect(c.pixels, c.width, c.height, c.upsample, c.threshold); err == nil {
			t.Errorf("%s: got %v", name, faces)
		}
	}
	if !dlib.Fits(4096, 4096, 1) || dlib.Fits(4097, 4096, 1) || !dlib.Fits(8192, 8192, 0) || dlib.Fits(math.MaxInt, math.MaxInt, 0) {
		t.Error("Fits does not say what MaxPixels does")
	}
}

func TestTinyPictures(t *testing.T) {
	t.Parallel()
	d := load(t, good(5))
	for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {2, 2}, {7, 9}, {79, 81}} {
		for upsample := range dlib.MaxUpsample + 1 {
			pixels := make([]byte, 3*size.X*size.Y)
			if faces, err := d.Detect(pixels, size.X, size.Y, upsample, 0); err != nil || len(faces) != 0 {
				t.Errorf("%v doubled %d times: got %v, %v", size, upsample, faces, err)
			}
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := load(t, good(68))
	pixels, w, h := picture(t, "img24.jpg", 200)
	want, err := d.Detect(pixels, w, h, 1, 0)
	if err != nil || len(want) != 1 {
		t.Fatalf("got %v, %v", want, err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, err := d.Detect(pixels, w, h, 1, 0); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
	group.Wait()
	for range 2 {
		group.Go(func() { golden.Check(t, d.Close()) })
		group.Go(func() { _, _ = d.Detect(pixels, w, h, 1, 0) }) // before or after Close
	}
	group.Wait()
	if _, err := d.Detect(pixels, w, h, 1, 0); err == nil {
		t.Error("a closed detector looks")
	}
}
