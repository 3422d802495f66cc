package cv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

var limits = cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20}

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open(); n != 0 {
		println("pictures left open:", n)
		code = 1
	}
	os.Exit(code)
}

// quarters is a picture of w x h pixels whose quarters are red, green, blue and
// white, from top left to bottom right.
func quarters(w, h int) *image.NRGBA {
	colours := [...]color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, colours[2*(2*y/h)+2*x/w])
		}
	}
	return m
}

func encode(t *testing.T, with func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := with(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t *testing.T, m image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 95}) })
}

func asPNG(t *testing.T, m image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

// corners decodes a picture and names the colour of each quarter.
func corners(t *testing.T, data []byte) (string, int, int) {
	t.Helper()
	m, err := cv.Decode(data, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rgba, err := m.RGBA()
	if err != nil {
		t.Fatal(err)
	}
	w, h := m.Width(), m.Height()
	names := ""
	for _, at := range []image.Point{{w / 4, h / 4}, {3 * w / 4, h / 4}, {w / 4, 3 * h / 4}, {3 * w / 4, 3 * h / 4}} {
		c := rgba.RGBAAt(at.X, at.Y)
		bits := 0
		for i, v := range []uint8{c.R, c.G, c.B} {
			if v > 128 {
				bits |= 4 >> i
			}
		}
		names += string("k.b.g.c.r.m.y.w."[2*bits])
	}
	return names, w, h
}

func TestDecodesEveryKind(t *testing.T) {
	t.Parallel()
	m := quarters(64, 32)
	paletted := image.NewPaletted(m.Bounds(), color.Palette{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}, color.White})
	deep := image.NewNRGBA64(m.Bounds())
	for y := range 32 {
		for x := range 64 {
			paletted.Set(x, y, m.At(x, y))
			deep.Set(x, y, m.At(x, y))
		}
	}
	for name, data := range map[string][]byte{
		"JPEG":        asJPEG(t, m),
		"PNG":         asPNG(t, m),
		"palette PNG": asPNG(t, paletted),
		"16 bit PNG":  asPNG(t, deep),
		"BMP":         encode(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) }),
		"TIFF":        encode(t, func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }),
	} {
		if got, w, h := corners(t, data); got != "rgbw" || w != 64 || h != 32 {
			t.Errorf("%s: corners %s of %dx%d, want rgbw of 64x32", name, got, w, h)
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 8, 8))
	if got, _, _ := corners(t, asPNG(t, grey)); got != "kkkk" {
		t.Errorf("grey PNG: corners %s", got)
	}
}

// Orientation n of EXIF, as the corners come out (TIFF 6.0, tag 0x0112).
func TestTurnsByEXIF(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, quarters(64, 32))
	for orientation, want := range map[byte]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"} {
		exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00")
		segment := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
		data := append(append([]byte{0xff, 0xd8}, segment...), plain[2:]...)
		got, w, h := corners(t, data)
		if got != want {
			t.Errorf("orientation %d: corners %s, want %s", orientation, got, want)
		}
		if turned := orientation >= 5; turned != (w == 32 && h == 64) {
			t.Errorf("orientation %d: %dx%d pixels", orientation, w, h)
		}
	}
}

func TestRefusesBadPictures(t *testing.T) {
	t.Parallel()
	good, goodPNG := asJPEG(t, quarters(64, 32)), asPNG(t, quarters(64, 32))
	noisy := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range noisy.Pix {
		noisy.Pix[i] = byte(i * i >> 3)
	}
	long := asJPEG(t, noisy)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":            {nil, cv.ErrEmpty},
		"text named .jpg":    {[]byte("this is no picture at all"), cv.ErrUnsupported},
		"HTML":               {[]byte("<html><body><svg/></body></html>"), cv.ErrUnsupported},
		"GIF":                {encode(t, func(b *bytes.Buffer) error { return gif.Encode(b, quarters(8, 8), nil) }), cv.ErrUnsupported},
		"three bytes":        {good[:3], cv.ErrDamaged},
		"half a JPEG":        {long[:len(long)/2], cv.ErrDamaged},
		"a JPEG but its end": {long[:len(long)-2], cv.ErrDamaged},
		"half a PNG":         {goodPNG[:len(goodPNG)/2], cv.ErrDamaged},
		"a PNG but its data": {goodPNG[:40], cv.ErrDamaged},
		"too many bytes":     {make([]byte, 1<<20+1), cv.ErrTooLarge},
		"too many pixels":    {asPNG(t, image.NewGray(image.Rect(0, 0, 1025, 1024))), cv.ErrTooLarge},
	} {
		m, err := cv.Decode(c.data, limits)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		m.Close()
	}
}

// A PNG of a few kB that says it has 30,000 x 30,000 pixels must cost nothing.
func TestRefusesABombFromItsHeader(t *testing.T) {
	bomb := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), 30000), 30000)
	header = append(header, 8, 2, 0, 0, 0)
	bomb = binary.BigEndian.AppendUint32(append(bomb, header...), crc32.ChecksumIEEE(header))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := cv.Decode(bomb, cv.Limits{Bytes: 1 << 20, Pixels: 1e8})
	runtime.ReadMemStats(&after)
	if !errors.Is(err, cv.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	m.Close()
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("allocated %d bytes for it", grown)
	}
}

// Whatever the bytes are, decoding ends with a picture or an error and never
// with the end of the process.
func FuzzDecode(f *testing.F) {
	for _, kind := range []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "RIFF????WEBPVP8 ", "BM????\x00\x00\x00\x00", "II*\x00", "MM\x00*"} {
		f.Add([]byte(kind))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, quarters(16, 16), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := cv.Decode(data, limits)
		if (err == nil) == (m == nil) {
			t.Errorf("got picture %v with error %v", m, err)
		}
		m.Close()
	})
}
