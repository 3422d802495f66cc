package cv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
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

func encode(t testing.TB, with func(*bytes.Buffer) error) []byte {
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

func asPNG(t testing.TB, m image.Image) []byte {
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

// turns says, for each orientation of EXIF (TIFF 6.0, tag 0x0112), where the
// quarters of a picture go.
var turns = map[byte]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}

func TestTurnsByEXIF(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, quarters(64, 32))
	for orientation, want := range turns {
		exif := []byte("Exif\x00\x00" + tiffHeader(orientation))
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

// tiffHeader is an EXIF block: a big-endian TIFF whose one entry is the
// orientation.
func tiffHeader(orientation byte) string {
	return "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00"
}

// webp is the quarters as a WebP of the given orientation, in the extended
// container, which alone may carry EXIF.
func webp(t *testing.T, orientation byte) []byte {
	t.Helper()
	plain := asWebP(t, quarters(64, 32), 90)
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x3f\x00\x00\x1f\x00\x00")
	body = append(body, plain[12:]...)
	exif := tiffHeader(orientation)
	body = append(binary.LittleEndian.AppendUint32(append(body, "EXIF"...), uint32(len(exif))), exif...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// PNG and WebP carry EXIF too (PNG 3rd edition, eXIf; WebP container, EXIF).
func TestTurnsOtherKindsByEXIF(t *testing.T) {
	t.Parallel()
	plain := asPNG(t, quarters(64, 32))
	const headerEnd = 8 + 25
	chunk := append([]byte("eXIf"), tiffHeader(6)...)
	turned := append([]byte(nil), plain[:headerEnd]...)
	turned = binary.BigEndian.AppendUint32(turned, uint32(len(chunk)-4))
	turned = binary.BigEndian.AppendUint32(append(turned, chunk...), crc32.ChecksumIEEE(chunk))
	turned = append(turned, plain[headerEnd:]...)
	if got, w, h := corners(t, turned); got != "brwg" || w != 32 || h != 64 {
		t.Errorf("PNG: corners %s of %dx%d", got, w, h)
	}
	for orientation, want := range turns {
		if got, w, h := corners(t, webp(t, orientation)); got != want || (orientation >= 5) != (w == 32 && h == 64) {
			t.Errorf("WebP, orientation %d: corners %s of %dx%d, want %s", orientation, got, w, h, want)
		}
	}
}

// hugeTile is a small TIFF that claims, beside its strips, tiles of 65536x8192
// pixels: the entries of the strips become those of the tiles.
func hugeTile(t *testing.T) []byte {
	t.Helper()
	data := encode(t, func(b *bytes.Buffer) error { return tiff.Encode(b, quarters(64, 32), nil) })
	at := binary.LittleEndian.Uint32(data[4:]) + 2
	for n := binary.LittleEndian.Uint16(data[at-2:]); n > 0; n, at = n-1, at+12 {
		replace := map[uint16]uint16{282: 322, 283: 323}[binary.LittleEndian.Uint16(data[at:])]
		if replace == 0 {
			continue
		}
		binary.LittleEndian.PutUint16(data[at:], replace)
		binary.LittleEndian.PutUint16(data[at+2:], 4) // LONG
		binary.LittleEndian.PutUint32(data[at+8:], 1<<uint32(16-3*(replace-322)))
	}
	return data
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
		"three bytes":        {good[:3], cv.ErrDamaged},
		"half a JPEG":        {long[:len(long)/2], cv.ErrDamaged},
		"a JPEG but its end": {long[:len(long)-2], cv.ErrDamaged},
		"half a PNG":         {goodPNG[:len(goodPNG)/2], cv.ErrDamaged},
		"a PNG but its data": {goodPNG[:40], cv.ErrDamaged},
		"too many bytes":     {make([]byte, 1<<20+1), cv.ErrTooLarge},
		"a TIFF's huge tile": {hugeTile(t), cv.ErrTooLarge},
		"too many pixels":    {asPNG(t, image.NewGray(image.Rect(0, 0, 1025, 1024))), cv.ErrTooLarge},
	} {
		m, err := cv.Decode(c.data, limits)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		m.Close()
	}
}

// OpenCV's warps end the process on sides of SHRT_MAX pixels and more.
func TestTheLongestSide(t *testing.T) {
	t.Parallel()
	wide := cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20}
	m, err := cv.Decode(asPNG(t, image.NewGray(image.Rect(0, 0, cv.MaxSide, 2))), wide)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	warped, err := m.Warp(cv.Affine{A: 1, E: 1}, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer warped.Close()
	if _, err := cv.Decode(asPNG(t, image.NewGray(image.Rect(0, 0, cv.MaxSide+1, 2))), wide); !errors.Is(err, cv.ErrTooLarge) {
		t.Errorf("one pixel more: %v", err)
	}
}

// OpenCV ends the process on a cascade file that is no whole XML.
func TestDamagedCascades(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "junk", "<?xml version=\"1.0\"?>\n<opencv_storage><cascade>", "<opencv_storage></opencv_storage>", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\"?>\n<opencv_storage></opencv_storage>"} {
		path := filepath.Join(t.TempDir(), "cascade.xml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := cv.OpenCascade(path); err == nil {
			t.Errorf("%q became a cascade", content)
			c.Close()
		}
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

// A cascade that has seen a very tall picture may be shown a very long one.
func TestCascadeOnExtremePictures(t *testing.T) {
	t.Parallel()
	cascade, err := cv.OpenCascade("/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer cascade.Close()
	for _, size := range []image.Point{{X: 40, Y: cv.MaxSide}, {X: cv.MaxSide, Y: 40}, {X: 40, Y: 4096}, {X: 4096, Y: 40}} {
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewGray(image.Rectangle{Max: size})); err != nil {
			t.Fatal(err)
		}
		photo, err := cv.Decode(file.Bytes(), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
		if err != nil {
			t.Fatal(err)
		}
		grey := photo.Grey()
		if found, err := cascade.Windows(grey, 0, 10); err != nil || len(found) != 0 {
			t.Errorf("%v: %d faces, %v", size, len(found), err)
		}
		if err := errors.Join(grey.Close(), photo.Close()); err != nil {
			t.Error(err)
		}
	}
}
