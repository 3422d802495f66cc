package cv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// Every kind gives the picture that was encoded, as far as the kind can keep it.
func TestEveryKindKeepsThePicture(t *testing.T) {
	t.Parallel()
	m := slope(60, 40)
	in := m.Bounds()
	for name, c := range map[string]struct {
		data      []byte
		tolerance int // levels
	}{
		"JPEG":                   {asJPEG(t, m), 6},
		"PNG":                    {asPNG(t, m), 0},
		"PNG, 16 bits":           {asPNG(t, copied(m, image.NewRGBA64(in))), 0},
		"PNG, 16 bits and alpha": {asPNG(t, halfClear(copied(m, image.NewNRGBA64(in)))), 0},
		"PNG, alpha":             {asPNG(t, halfClear(copied(m, image.NewNRGBA(in)))), 0},
		"BMP":                    {encode(t, func(b *bytes.Buffer) error { return bmp.Encode(b, m) }), 0},
		"TIFF, deflated": {encode(t, func(b *bytes.Buffer) error {
			return tiff.Encode(b, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}), 0},
		"TIFF, 8 bits":          {tiffPages(8, 1, m), 0},
		"TIFF, 16 bits":         {tiffPages(16, 1, m), 0},
		"TIFF, two pages":       {tiffPages(8, 1, m, quarters(60, 40)), 0},
		"WebP":                  {asWebP(t, m, 95), 12},
		"WebP, lossless":        {asWebP(t, m, 101), 0},
		"WebP, animated":        {animatedWebP(in.Max, in, asWebP(t, m, 101), asWebP(t, quarters(60, 40), 101)), 0},
		"WebP, animated, alpha": {animatedWebP(in.Max, in, withAlpha(asWebP(t, m, 95))), 12},
		"APNG":                  {animatedPNG(asPNG(t, m), asPNG(t, quarters(60, 40))), 0},
	} {
		if d := difference(t, decoded(t, c.data), m); d > c.tolerance {
			t.Errorf("%s: %d levels off, at most %d are allowed", name, d, c.tolerance)
		}
	}
}

// halfClear makes the lower half of a picture transparent and keeps its colours.
func halfClear[T draw.Image](m T) T {
	for y := m.Bounds().Dy() / 2; y < m.Bounds().Dy(); y++ {
		for x := range m.Bounds().Dx() {
			switch c := m.At(x, y).(type) {
			case color.NRGBA:
				c.A = 0
				m.Set(x, y, c)
			case color.NRGBA64:
				c.A = 0
				m.Set(x, y, c)
			}
		}
	}
	return m
}

// Kinds without colours of their own give those of the reduced original.
func TestGreyAndPaletted(t *testing.T) {
	t.Parallel()
	m := slope(60, 40)
	grey := copied(m, image.NewGray(m.Bounds()))
	deep := copied(m, image.NewGray16(m.Bounds()))
	few := copied(m, image.NewPaletted(m.Bounds(), palette.Plan9))
	for name, c := range map[string]struct {
		data      []byte
		want      image.Image
		tolerance int
	}{
		"grey JPEG":         {asJPEG(t, grey), grey, 3},
		"grey PNG":          {asPNG(t, grey), grey, 0},
		"grey PNG, 16 bits": {asPNG(t, deep), deep, 0},
		"grey TIFF":         {encode(t, func(b *bytes.Buffer) error { return tiff.Encode(b, grey, nil) }), grey, 0},
		"paletted PNG":      {asPNG(t, few), few, 0},
		"paletted TIFF":     {encode(t, func(b *bytes.Buffer) error { return tiff.Encode(b, few, nil) }), few, 0},
		"paletted BMP":      {encode(t, func(b *bytes.Buffer) error { return bmp.Encode(b, few) }), few, 0},
		"GIF":               {asGIF(t, m.Bounds(), few), few, 0},
	} {
		if d := difference(t, decoded(t, c.data), c.want); d > c.tolerance {
			t.Errorf("%s: %d levels off, at most %d are allowed", name, d, c.tolerance)
		}
	}
}

func asWebP(t *testing.T, m image.Image, quality int) []byte {
	t.Helper()
	decoded, err := cv.Decode(asPNG(t, m), limits)
	if err != nil {
		t.Fatal(err)
	}
	defer decoded.Close()
	data, err := decoded.WebP(quality)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func asGIF(t *testing.T, canvas image.Rectangle, frames ...*image.Paletted) []byte {
	t.Helper()
	all := &gif.GIF{Image: frames, Delay: make([]int, len(frames)), Config: image.Config{Width: canvas.Dx(), Height: canvas.Dy()}}
	return encode(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, all) })
}

func TestFirstFrameOfAGIF(t *testing.T) {
	t.Parallel()
	colours := color.Palette{color.Transparent, color.RGBA{200, 100, 50, 255}}
	first := image.NewPaletted(image.Rect(4, 2, 10, 8), colours)
	for i := range first.Pix {
		first.Pix[i] = byte(i % 2) // every other column is transparent
	}
	second := image.NewPaletted(image.Rect(0, 0, 16, 12), color.Palette{color.White})
	data := asGIF(t, image.Rect(0, 0, 16, 12), first, second)
	want := image.NewRGBA(image.Rect(0, 0, 16, 12))
	draw.Draw(want, first.Bounds(), first, first.Bounds().Min, draw.Src)
	if d := difference(t, decoded(t, data), want); d != 0 {
		t.Errorf("%d levels off", d)
	}
	// What comes after the first frame is not read.
	if d := difference(t, decoded(t, data[:len(data)-12]), want); d != 0 {
		t.Errorf("without its end: %d levels off", d)
	}
	if m, err := cv.Decode(data[:len(data)/2-10], limits); !errors.Is(err, cv.ErrDamaged) {
		t.Errorf("cut short: %v", err)
		m.Close()
	}
	huge := bytes.Clone(data)
	binary.LittleEndian.PutUint16(huge[6:], 30000)
	binary.LittleEndian.PutUint16(huge[8:], 30000)
	if m, err := cv.Decode(huge, limits); !errors.Is(err, cv.ErrTooLarge) {
		t.Errorf("a huge canvas: %v", err)
		m.Close()
	}
}

// animatedWebP makes frames at a place of a canvas of the bitmaps of still
// pictures.
func animatedWebP(canvas image.Point, at image.Rectangle, stills ...[]byte) []byte {
	bits24 := func(out []byte, values ...int) []byte {
		for _, v := range values {
			out = append(out, byte(v), byte(v>>8), byte(v>>16))
		}
		return out
	}
	body := bits24([]byte("WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), canvas.X-1, canvas.Y-1)
	body = append(body, "ANIM\x06\x00\x00\x00\xff\xff\xff\xff\x00\x00"...)
	for _, still := range stills {
		frame := bits24(nil, at.Min.X/2, at.Min.Y/2, at.Dx()-1, at.Dy()-1, 100)
		frame = append(append(frame, 0), still[12:]...)
		body = append(binary.LittleEndian.AppendUint32(append(body, "ANMF"...), uint32(len(frame))), frame...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// withAlpha puts a chunk of transparency before a WebP's bitmap.
func withAlpha(still []byte) []byte {
	return slices.Concat(still[:12], []byte("ALPH\x03\x00\x00\x00\x00\x00\x00\x00"), still[12:])
}

func TestFirstFrameOfAWebP(t *testing.T) {
	t.Parallel()
	still := asWebP(t, slope(60, 40), 95)
	frame := decoded(t, still)
	want := image.NewRGBA(image.Rect(0, 0, 70, 52))
	at := frame.Bounds().Add(image.Pt(6, 10))
	draw.Draw(want, at, frame, image.Point{}, draw.Src)
	if d := difference(t, decoded(t, animatedWebP(want.Bounds().Max, at, still)), want); d != 0 {
		t.Errorf("%d levels off", d)
	}
	canvas, in := image.Pt(60, 40), image.Rect(0, 0, 60, 40)
	for name, data := range map[string][]byte{
		"no frame's head":    animatedWebP(canvas, in, still[:12])[:12+18+14+8+4],
		"no bitmap":          animatedWebP(canvas, in, withAlpha(still)[:24]),
		"outside the canvas": animatedWebP(canvas, in.Add(image.Pt(2, 0)), still),
		"half a frame":       animatedWebP(canvas, in, still[:len(still)/2]),
	} {
		if m, err := cv.Decode(data, limits); !errors.Is(err, cv.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
			m.Close()
		}
	}
}

// pngChunks cuts a PNG into its chunks.
func pngChunks(data []byte) [][]byte {
	var chunks [][]byte
	for rest := data[8:]; len(rest) > 0; {
		size := 12 + binary.BigEndian.Uint32(rest)
		chunks = append(chunks, rest[:size])
		rest = rest[size:]
	}
	return chunks
}

func pngChunk(name string, content ...byte) []byte {
	body := append([]byte(name), content...)
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

// animatedPNG makes an APNG (PNG 3rd edition, 4.9) whose default picture is also
// its first frame of two, each of one chunk of data.
func animatedPNG(first, second []byte) []byte {
	a, b := pngChunks(first), pngChunks(second)
	control := func(number byte) []byte { // number, width and height, then place, delay, disposal, blending
		return pngChunk("fcTL", slices.Concat([]byte{0, 0, 0, number}, a[0][8:16], make([]byte, 8), []byte{0, 1, 0, 10, 0, 0})...)
	}
	data := append([]byte{0, 0, 0, 2}, b[1][8:len(b[1])-4]...)
	return slices.Concat(first[:8], a[0], pngChunk("acTL", 0, 0, 0, 2, 0, 0, 0, 0), control(0), a[1],
		control(1), pngChunk("fdAT", data...), a[len(a)-1])
}

// OpenCV is the reference for turning the kinds that it turns itself; the size
// is known without decoding.
func TestDisplayedSizes(t *testing.T) {
	t.Parallel()
	m := slope(60, 40)
	plainPNG := pngChunks(asPNG(t, m))
	var exif bytes.Buffer
	if err := jpeg.Encode(&exif, m, nil); err != nil {
		t.Fatal(err)
	}
	for orientation := range byte(9) {
		late := slices.Insert(slices.Clone(plainPNG), len(plainPNG)-1, pngChunk("eXIf", []byte(tiffHeader(orientation))...))
		for name, data := range map[string][]byte{
			"JPEG": withSegment(exif.Bytes(), 0xe1, "Exif\x00\x00"+tiffHeader(orientation)),
			"PNG":  append([]byte("\x89PNG\r\n\x1a\n"), slices.Concat(late...)...),
			"TIFF": tiffPages(8, int(orientation), m),
		} {
			source, err := cv.Read(data, limits)
			if err != nil {
				t.Fatal(err)
			}
			got, err := source.Decode(nil, 1)
			picture := rgba(t, got, err)
			want, err := cv.DecodeByOpenCV(data)
			if d := difference(t, picture, rgba(t, want, err)); d != 0 {
				t.Errorf("%s, orientation %d: %d levels from OpenCV's", name, orientation, d)
			}
			if size := image.Pt(source.Width(), source.Height()); size != picture.Bounds().Max {
				t.Errorf("%s, orientation %d: %v pixels, said to be %v", name, orientation, picture.Bounds().Max, size)
			}
		}
	}
}

func TestPNGThatLacksRows(t *testing.T) {
	t.Parallel()
	chunks := pngChunks(encode(t, func(b *bytes.Buffer) error { return png.Encode(b, slope(60, 40)) }))
	taller := bytes.Clone(chunks[0][8:21])
	binary.BigEndian.PutUint32(taller[4:], 400)
	data := append([]byte("\x89PNG\r\n\x1a\n"), slices.Concat(pngChunk("IHDR", taller...), chunks[1], chunks[2])...)
	if m, err := cv.Decode(data, limits); !errors.Is(err, cv.ErrDamaged) {
		t.Errorf("got %v", err)
		m.Close()
	}
}
