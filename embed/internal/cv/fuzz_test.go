package cv_test

import (
	"bytes"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// Whatever the bytes are, reading and decoding end with a picture of the size
// that was said, or with an error, and never with the end of the process.
func FuzzDecode(f *testing.F) {
	pool := cv.NewPool(0)
	f.Cleanup(func() { _ = pool.Close() })
	seeds := [][]byte{
		flatJPEG{width: 3, height: 2, blocks: inks, adobe: 2, restart: 1}.bytes(), progressive(0, 1),
		tiffPages(8, 6, quarters(16, 16)), tiffPages(16, 1, quarters(4, 4), quarters(4, 4)),
		animatedWebP(image.Pt(16, 16), image.Rect(0, 0, 16, 16), []byte("RIFF\x00\x00\x00\x00WEBPVP8 \x04\x00\x00\x00    ")),
	}
	for _, kind := range []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "RIFF????WEBPVP8 ", "GIF89a", "BM????\x00\x00\x00\x00", "II*\x00", "MM\x00*"} {
		seeds = append(seeds, []byte(kind))
	}
	var asJPEG, asGIF bytes.Buffer
	if err := jpeg.Encode(&asJPEG, quarters(16, 16), nil); err != nil {
		f.Fatal(err)
	}
	if err := gif.Encode(&asGIF, copied(quarters(16, 16), image.NewPaletted(image.Rect(0, 0, 16, 16), palette.Plan9)), nil); err != nil {
		f.Fatal(err)
	}
	seeds = append(seeds, asJPEG.Bytes(), asGIF.Bytes(), withSegment(asJPEG.Bytes(), 0xe1, "Exif\x00\x00"+tiffHeader(6)))
	for i, seed := range seeds {
		f.Add(seed, byte(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, logarithm byte) {
		source, err := cv.Read(data, limits)
		if (err == nil) == (source == nil) {
			t.Fatalf("got source %v with error %v", source, err)
		}
		if err != nil {
			return
		}
		reduction := 1 << (logarithm % 4)
		m, err := source.Decode(pool, reduction)
		if (err == nil) == (m == nil) {
			t.Fatalf("got picture %v with error %v", m, err)
		}
		defer m.Close()
		if !source.Reduces() {
			reduction = 1
		}
		w, h := (source.Width()+reduction-1)/reduction, (source.Height()+reduction-1)/reduction
		if err == nil && (m.Width() != w || m.Height() != h) {
			t.Errorf("%dx%d pixels at 1/%d of %dx%d", m.Width(), m.Height(), reduction, source.Width(), source.Height())
		}
	})
}
