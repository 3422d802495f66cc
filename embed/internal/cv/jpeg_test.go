package cv_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// withSegment puts an application segment at a JPEG's beginning.
func withSegment(data []byte, marker byte, content string) []byte {
	return bytes.Join([][]byte{data[:2], segment(marker, []byte(content)...), data[2:]}, nil)
}

// OpenCV's own decoder is the reference for every orientation of a JPEG.
func TestJPEGIsOpenCVs(t *testing.T) {
	t.Parallel()
	grey := copied(slope(83, 61), image.NewGray(image.Rect(0, 0, 83, 61)))
	for orientation := range byte(10) {
		for name, plain := range map[string][]byte{"colour": asJPEG(t, slope(83, 61)), "grey": asJPEG(t, grey)} {
			data := withSegment(plain, 0xe1, "Exif\x00\x00"+tiffHeader(orientation))
			want, err := cv.DecodeByOpenCV(data)
			if d := difference(t, decoded(t, data), rgba(t, want, err)); d != 0 {
				t.Errorf("%s, orientation %d: %d levels from OpenCV's", name, orientation, d)
			}
		}
	}
}

func TestMalformedEXIF(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, quarters(64, 32))
	sixth := "Exif\x00\x00" + tiffHeader(6)
	for name, c := range map[string]struct{ exif, want string }{
		"nothing":            {"", "rgbw"},
		"identifier alone":   {"Exif\x00\x00", "rgbw"},
		"cut short":          {sixth[:20], "rgbw"},
		"no TIFF":            {"Exif\x00\x00XX" + sixth[8:], "rgbw"},
		"directory far away": {"Exif\x00\x00MM\x00*\xff\xff\xff\xff", "rgbw"},
		"orientation 0":      {"Exif\x00\x00" + tiffHeader(0), "rgbw"},
		"orientation 9":      {"Exif\x00\x00" + tiffHeader(9), "rgbw"},
		"whole":              {sixth, "brwg"},
	} {
		if got, _, _ := corners(t, withSegment(plain, 0xe1, c.exif)); got != c.want {
			t.Errorf("%s: corners %s, want %s", name, got, c.want)
		}
	}
	// XMP has the marker of EXIF, and may come before it.
	both := withSegment(withSegment(plain, 0xe1, sixth), 0xe1, "http://ns.adobe.com/xap/1.0/\x00<x/>")
	if got, _, _ := corners(t, both); got != "brwg" {
		t.Errorf("XMP before EXIF: corners %s", got)
	}
	// A thumbnail in EXIF has a frame of its own.
	thumbnail := string(asJPEG(t, quarters(8, 8)))
	if got, w, h := corners(t, withSegment(plain, 0xe1, sixth+thumbnail)); got != "brwg" || w != 32 || h != 64 {
		t.Errorf("with a thumbnail: corners %s of %dx%d", got, w, h)
	}
}

// inks are flat blocks of cyan, magenta, yellow and black, inverted as Adobe
// writes them.
var inks = [][]byte{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 200}, {255, 255, 255, 255}, {10, 200, 90, 60}, {255, 255, 255, 0}}

func TestCMYK(t *testing.T) {
	t.Parallel()
	for name, adobe := range map[string]int{"CMYK": 0, "YCCK": 2} {
		data := flatJPEG{width: 3, height: 2, blocks: inks, adobe: adobe}.bytes()
		want, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(t, decoded(t, data), want); d > 1 {
			t.Errorf("%s: %d levels from image/jpeg's", name, d)
		}
	}
	// Without Adobe's marker the inks are taken for inverted all the same.
	m := decoded(t, flatJPEG{width: 3, height: 2, blocks: inks, adobe: -1}.bytes())
	for i, want := range []color.RGBA{
		{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 200, 255}, {255, 255, 255, 255}, {2, 47, 21, 255}, {0, 0, 0, 255},
	} {
		if got := m.RGBAAt(8*(i%3)+4, 8*(i/3)+4); got != want {
			t.Errorf("block %d: %v, want %v", i, got, want)
		}
	}
}

// noisy is a JPEG of some kB, whose scan fills all but its first 600 bytes.
func noisy(t *testing.T) []byte {
	m := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 3)
	}
	return asJPEG(t, m)
}

func TestDamagedJPEGs(t *testing.T) {
	t.Parallel()
	long, end := noisy(t), []byte("\xff\xd9")
	n := len(long)
	restarts := flatJPEG{width: 3, height: 2, blocks: inks, adobe: 0, restart: 1}
	dropped := restarts
	dropped.drop = 3
	for name, c := range map[string]struct {
		data  []byte
		whole bool
	}{
		"whole":                      {long, true},
		"junk after the end":         {append(bytes.Clone(long), "junk"...), true},
		"zeros before the end":       {bytes.Join([][]byte{long[:n-2], {0, 0}, end}, nil), true},
		"junk between segments":      {bytes.Replace(long, []byte("\xff\xc4"), []byte("junk\xff\xc4"), 1), true},
		"scan's last coefficient 0":  {bytes.Replace(long, []byte("\x00\x3f\x00"), []byte("\x00\x00\x00"), 1), true},
		"restart markers":            {restarts.bytes(), true},
		"half":                       {long[:n/2], false},
		"all but the end":            {long[:n-2], false},
		"half, then an end":          {append(bytes.Clone(long[:n/2]), end...), false},
		"junk, then half":            {bytes.Replace(long[:n/2], []byte("\xff\xc4"), []byte("junk\xff\xc4"), 1), false},
		"the middle missing":         {append(bytes.Clone(long[:n/3]), long[2*n/3:]...), false},
		"a restart interval missing": {dropped.bytes(), false},
		"a second frame header":      {bytes.Replace(long, []byte("\xff\xc4"), append(segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0), 0xff, 0xc4), 1), false},
		"no scan":                    {long[:100], false},
		"a beginning":                {long[:3], false},
		"a frame header too short":   {append([]byte("\xff\xd8"), segment(0xc0, 8, 0, 8, 0)...), false},
		"no pixels wide":             {append([]byte("\xff\xd8"), segment(0xc0, 8, 0, 8, 0, 0, 1, 1, 0x11, 0)...), false},
		"progressive":                {progressive(0, 1), true},
		"a refinement of nothing":    {progressive(0x10, 1), false},
		"zeros in the middle":        {bytes.Join([][]byte{long[:n/2], make([]byte, 200), long[n/2+200:]}, nil), false},
		"100 zeros before the end":   {bytes.Join([][]byte{long[:n-2], make([]byte, 100), end}, nil), false},
	} {
		m, err := cv.Decode(c.data, limits)
		if c.whole && err != nil || !c.whole && !errors.Is(err, cv.ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
		m.Close()
	}
}

// progressive is a JPEG of one grey block: a scan of the DC coefficient and some
// of the others, which are all zero. The bits byte of those scans is 0x00 for
// coefficients coded at once, 0x10 for the refinement of such as came before.
func progressive(bits byte, scans int) []byte {
	whole := flatJPEG{width: 1, height: 1, blocks: [][]byte{{128}}, adobe: -1}.bytes()
	whole = bytes.Replace(whole, []byte("\xff\xc0"), []byte("\xff\xc2"), 1)
	at := bytes.Index(whole, []byte("\xff\xda"))
	out := append(bytes.Clone(whole[:at]), segment(0xda, 1, 1, 0, 0, 0, 0)...)
	out = append(out, 0x0f) // category 0, padded
	for range scans {
		out = append(append(out, segment(0xda, 1, 1, 0, 1, 63, bits)...), 0x7f) // the block's end, padded
	}
	return append(out, 0xff, 0xd9)
}

func TestTooManyScans(t *testing.T) {
	t.Parallel()
	m, err := cv.Decode(progressive(0, 600), limits)
	m.Close()
	if err == nil || !strings.Contains(err.Error(), "scans") {
		t.Errorf("got %v", err)
	}
}

// Some scans are many for a large picture.
func TestScansOfLargePictures(t *testing.T) {
	t.Parallel()
	large := progressive(0, 300)
	at := bytes.Index(large, []byte("\xff\xc2"))
	copy(large[at+5:], "\x13\x88\x13\x88") // 5000 x 5000
	m, err := cv.Decode(large, cv.Limits{Bytes: 1 << 20, Pixels: 1e8})
	m.Close()
	if !errors.Is(err, cv.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestUnsupportedJPEGs(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string][]byte{
		"12 bits":               segment(0xc1, 12, 0, 8, 0, 8, 1, 1, 0x11, 0),
		"lossless":              segment(0xc3, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
		"arithmetically coded":  segment(0xc9, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
		"two components":        segment(0xc0, 8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0),
		"after restart markers": append([]byte("\xff\xd0\xff\x01"), segment(0xc3, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)...),
	} {
		m, err := cv.Decode(append([]byte("\xff\xd8"), frame...), limits)
		if !errors.Is(err, cv.ErrUnsupported) {
			t.Errorf("%s: got %v", name, err)
		}
		m.Close()
	}
}

// libjpeg's habit is to print its warnings.
func TestDamagedJPEGsPrintNothing(t *testing.T) {
	t.Parallel()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDamagedJPEGs$")
	var printed bytes.Buffer
	again.Stderr = &printed
	if err := again.Run(); err != nil {
		t.Error(err)
	}
	if printed.Len() > 0 {
		t.Errorf("printed %q", printed.String())
	}
}
