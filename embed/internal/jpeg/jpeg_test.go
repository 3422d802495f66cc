package jpeg_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"reflect"
	"testing"

	"github.com/visagedb/visage/embed/internal/jpeg"
	"gocv.io/x/gocv"
)

// encoded is a picture of waves, as libjpeg writes it.
func encoded(t testing.TB, size image.Point, channels, quality, restart, progressive int) []byte {
	t.Helper()
	pixels := make([]byte, 0, size.X*size.Y*channels)
	for y := range size.Y {
		for x := range size.X {
			for c := range channels {
				wave := math.Sin(float64(x*(c+1))/7+float64(y)/5) + math.Cos(float64(x*y)/90)
				pixels = append(pixels, byte(127+60*wave+float64(x*31%7)))
			}
		}
	}
	mat, err := gocv.NewMatFromBytes(size.Y, size.X, gocv.MatType(8*(channels-1)), pixels)
	if err != nil {
		t.Fatal(err)
	}
	defer mat.Close()
	buffer, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, mat, []int{
		gocv.IMWriteJpegQuality, quality, gocv.IMWriteJpegRstInterval, restart, gocv.IMWriteJpegProgressive, progressive,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer buffer.Close()
	return bytes.Clone(buffer.GetBytes())
}

// room is that of the coefficients.
func room(p *jpeg.Photo) [][][]jpeg.Block {
	rows := make([][][]jpeg.Block, len(p.Components))
	for i, c := range p.Components {
		for range c.High {
			rows[i] = append(rows[i], make([]jpeg.Block, c.Wide))
		}
	}
	return rows
}

func coefficients(data []byte) (*jpeg.Photo, [][][]jpeg.Block, error) {
	p, err := jpeg.Read(data)
	if err != nil {
		return nil, nil, err
	}
	rows := room(p)
	return p, rows, p.Coefficients(rows, make([]byte, p.Scratch()))
}

// The reference is the standard library's decoder, by the samples that the coefficients
// make. It rounds them in another way. Restart markers, which it does not take in scans of
// one component of several, change nothing.
func TestCoefficientsAreThoseOfImageJPEG(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 1}, {8, 8}, {17, 9}, {16, 33}, {130, 95}, {401, 203}} {
		for _, channels := range []int{1, 3} {
			for _, quality := range []int{20, 90, 100} {
				name := fmt.Sprintf("%v of %d channels, quality %d", size, channels, quality)
				data := encoded(t, size, channels, quality, 0, 1)
				p, rows, err := coefficients(data)
				if err != nil || p.Width != size.X || p.Height != size.Y || len(p.Components) != channels {
					t.Fatalf("%s: %+v: %v", name, p, err)
				}
				want, err := stdjpeg.Decode(bytes.NewReader(data))
				if err != nil {
					t.Fatal(err)
				}
				for c := range channels {
					if off := difference(plane(want, c), rows[c], quantisation(data, min(c, 1))); off > 1 {
						t.Errorf("%s: component %d is %d levels off", name, c, off)
					}
				}
				for _, restart := range []int{1, 3, 40} {
					_, again, err := coefficients(encoded(t, size, channels, quality, restart, 1))
					if err != nil || !reflect.DeepEqual(again, rows) {
						t.Errorf("%s: other coefficients with a restart marker after each %d: %v", name, restart, err)
					}
				}
			}
		}
	}
}

// plane is one of a picture's, as a grey picture.
func plane(m image.Image, component int) *image.Gray {
	switch m := m.(type) {
	case *image.YCbCr:
		b := m.Bounds()
		if component == 0 {
			return &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: b}
		}
		pixels := [][]byte{m.Cb, m.Cr}[component-1]
		return &image.Gray{Pix: pixels, Stride: m.CStride, Rect: image.Rect(0, 0, (b.Dx()+1)/2, (b.Dy()+1)/2)}
	default:
		return m.(*image.Gray)
	}
}

// quantisation is the table of that number, in the order of scans, of 8 bits.
func quantisation(data []byte, number int) []byte {
	for at := 0; ; at++ {
		if bytes.HasPrefix(data[at:], []byte{0xff, 0xdb, 0, 67, byte(number)}) {
			return data[at+5 : at+69]
		}
	}
}

// zigzag is where in a block the coefficients are that follow each other: along the
// diagonals, up and down in turn.
func zigzag() (order [][2]int) {
	for sum := range 15 {
		for i := range sum + 1 {
			x, y := i, sum-i
			if sum%2 == 1 {
				x, y = y, x
			}
			if x < 8 && y < 8 {
				order = append(order, [2]int{x, y})
			}
		}
	}
	return order
}

// difference is the largest, in levels, between a picture and what the coefficients make
// of it (T.81, A.3.3).
func difference(want *image.Gray, rows [][]jpeg.Block, table []byte) int {
	var cosine [8][8]float64
	for x := range 8 {
		for u := range 8 {
			cosine[x][u] = math.Cos(float64((2*x+1)*u)*math.Pi/16) / 2
			if u == 0 {
				cosine[x][u] = math.Sqrt(0.125)
			}
		}
	}
	worst, order := 0, zigzag()
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			block, level := &rows[y/8][x/8], 128.0
			for k, at := range order {
				if c := block[8*at[1]+at[0]]; c != 0 {
					level += float64(c) * float64(table[k]) * cosine[x%8][at[0]] * cosine[y%8][at[1]]
				}
			}
			off := int(math.Round(max(0, min(255, level)))) - int(want.GrayAt(x, y).Y)
			worst = max(worst, off, -off)
		}
	}
	return worst
}

// Of a picture that is not whole, or not well-formed, nothing is read.
func TestOthers(t *testing.T) {
	t.Parallel()
	whole := encoded(t, image.Pt(40, 24), 3, 90, 2, 1)
	if _, _, err := coefficients(append(bytes.Clone(whole), "junk"...)); err != nil {
		t.Errorf("junk after the end: %v", err)
	}
	for length := range whole {
		if _, _, err := coefficients(whole[:length]); !errors.Is(err, jpeg.ErrOther) {
			t.Fatalf("the first %d of %d bytes: %v", length, len(whole), err)
		}
	}
	scans := bytes.Split(whole, []byte{0xff, 0xda})
	last := append([]byte{0xff, 0xda}, scans[len(scans)-1]...)
	for name, data := range map[string][]byte{
		"baseline":                    encoded(t, image.Pt(40, 24), 3, 90, 0, 0),
		"no JPEG":                     []byte("\x89PNG\r\n\x1a\n"),
		"the last scan is missing":    append(bytes.Clone(whole[:len(whole)-len(last)]), 0xff, 0xd9),
		"the last scan comes twice":   append(bytes.Clone(whole[:len(whole)-2]), last...),
		"a scan is missing":           bytes.Replace(whole, append([]byte{0xff, 0xda}, scans[2]...), nil, 1),
		"restart markers out of turn": bytes.ReplaceAll(whole, []byte{0xff, 0xd1}, []byte{0xff, 0xd2}),
		"no restart interval":         bytes.Replace(whole, []byte{0xff, 0xdd, 0, 4, 0, 2}, []byte{0xff, 0xdd, 0, 4, 0, 0}, 1),
		"bytes before a marker":       bytes.ReplaceAll(whole, []byte{0xff, 0xd1}, []byte{1, 2, 0xff, 0xd1}),
		"a table between the scans":   bytes.Replace(whole, last, append([]byte{0xff, 0xdb, 0, 67, 0}, append(make([]byte, 64), last...)...), 1),
		"two components":              bytes.Replace(whole, []byte{3, 1, 0x22}, []byte{2, 1, 0x22}, 1),
		"sixteen samples":             bytes.Replace(whole, []byte{3, 1, 0x22}, []byte{3, 1, 0x44}, 1),
		"another component's name":    bytes.Replace(whole, []byte{3, 1, 0x22}, []byte{3, 9, 0x22}, 1),
		"many tables":                 bytes.Replace(whole, last, append(bytes.Repeat(append([]byte{0xff, 0xc4, 0, 19}, make([]byte, 17)...), 300), last...), 1),
		"a restart too many":          bytes.Replace(whole, last, append(append([]byte{0xff, 0xd0}, make([]byte, 100)...), last...), 1),
		"lower":                       bytes.Replace(encoded(t, image.Pt(8, 48), 1, 90, 1, 1), []byte{8, 0, 48, 0, 8}, []byte{8, 0, 40, 0, 8}, 1),
		"a difference of 16 bits":     bytes.Replace(whole, []byte{0xff, 0xc4}, append([]byte{0xff, 0xc4, 0, 20, 3, 1}, append(make([]byte, 15), 16, 0xff, 0xc4)...), 1),
		"higher":                      bytes.Replace(whole, []byte{8, 0, 24, 0, 40}, []byte{8, 0, 56, 0, 40}, 1),
	} {
		if bytes.Equal(data, whole) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, _, err := coefficients(data); !errors.Is(err, jpeg.ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the bytes are, there is an end, and no other error.
func FuzzCoefficients(f *testing.F) {
	for _, channels := range []int{1, 3} {
		for _, restart := range []int{0, 2} {
			f.Add(encoded(f, image.Pt(19, 35), channels, 75, restart, 1))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := jpeg.Read(data); err == nil && p.Width*p.Height > 1<<20 {
			return
		}
		if _, _, err := coefficients(data); err != nil && !errors.Is(err, jpeg.ErrOther) {
			t.Error(err)
		}
	})
}

func BenchmarkCoefficients(b *testing.B) {
	data := encoded(b, image.Pt(1200, 800), 3, 75, 0, 1)
	p, err := jpeg.Read(data)
	if err != nil {
		b.Fatal(err)
	}
	rows, scratch := room(p), make([]byte, p.Scratch())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for _, component := range rows {
			for _, row := range component {
				clear(row)
			}
		}
		if err := p.Coefficients(rows, scratch); err != nil {
			b.Fatal(err)
		}
	}
}
