package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	scale "golang.org/x/image/draw"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// sitting is a picture of a face, with the models that see it.
type sitting struct {
	flags   []string
	picture *image.RGBA
	noise   float64 // cosine distance that the noise of a JPEG may make
}

// sittings are a drawn face, and where they are there, real models and a
// photograph. The built-in recogniser tells a JPEG's noise, which the others do
// not.
func sittings(t *testing.T) map[string]sitting {
	t.Helper()
	portrait := beside(drawn(1, 160), image.NewRGBA(image.Rect(0, 0, 90, 160)))
	all := map[string]sitting{"built in": {builtIn, portrait, 0.1}}
	weights, library := os.Getenv("VISAGE_TEST_MODELS"), os.Getenv("VISAGE_ORT_LIB")
	if weights == "" || library == "" {
		return all
	}
	real := []string{"--model", "MobileFaceNet", "--detector", "scrfd", "--models", weights, "--ort-lib", library}
	all["real models"] = sitting{real, portrait, 0.01}
	if photos := os.Getenv("VISAGE_TEST_PHOTOS"); photos != "" {
		data, err := os.ReadFile(filepath.Join(photos, "people", "p01", "img5.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		photo, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		half := image.NewRGBA(image.Rectangle{Max: photo.Bounds().Size().Div(2)})
		scale.BiLinear.Scale(half, half.Rect, photo, photo.Bounds(), scale.Src, nil)
		all["a photograph"] = sitting{real, half, 0.01}
	}
	return all
}

// enrolledFace is what a database has of a photograph that shows one.
type enrolledFace struct {
	Path           string
	Width, Height  int // of the photograph, as it is displayed
	X1, Y1, X2, Y2 float64
	Distance       float64 // cosine, from that of another photograph
}

// compare ingests photographs, each of one face, and returns what became of
// them by name, with the distance from the one that is named.
func compare(t *testing.T, flags []string, photos map[string][]byte, from string) map[string]enrolledFace {
	t.Helper()
	v, root := newVisage(t), t.TempDir()
	for name, data := range photos {
		if err := makeFile(filepath.Join(root, "ann", name), data); err != nil {
			t.Fatal(err)
		}
	}
	report := answer[ingest.Report](v, with(flags, "ingest", root)...)
	if report.Ingested != len(photos) {
		t.Fatalf("of %d photographs %d are enrolled: %+v", len(photos), report.Ingested, report.Rejections)
	}
	conn, err := pgx.Connect(t.Context(), v.url())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, _ := conn.Query(t.Context(), `
		SELECT i.path, i.width, i.height, f.x1, f.y1, f.x2, f.y2, e.embedding <=> (
			SELECT embedding FROM visage.gallery_faces WHERE image = $1)
		FROM visage.images i JOIN visage.faces f ON f.image_id = i.id JOIN visage.embeddings e ON e.face_id = f.id`,
		filepath.Join(root, "ann", from))
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[enrolledFace])
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]enrolledFace{}
	for _, f := range found {
		by[filepath.Base(f.Path)] = f
	}
	return by
}

// stored is a picture as a camera stores it that says how it is to be turned: by
// EXIF's orientation, 1 to 8 (TIFF 6.0, tag 0x0112).
func stored(shown *image.RGBA, orientation int) *image.RGBA {
	w, h := shown.Rect.Dx(), shown.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			at := []image.Point{
				{x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
				{y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x},
			}[orientation-1]
			out.Set(x, y, shown.At(at.X, at.Y))
		}
	}
	return out
}

// exif is a TIFF header with nothing but an orientation.
func exif(orientation int) string {
	return "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(orientation)) + "\x00\x00\x00\x00\x00\x00"
}

// pngHead is the length of a PNG's signature and header, after which other chunks
// may come.
const pngHead = 8 + 25

func pngChunk(name, content string) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	chunk = append(append(chunk, name...), content...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

func asJPEG(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var data bytes.Buffer
	if err := jpeg.Encode(&data, picture, &jpeg.Options{Quality: 98}); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// The eight orientations of a photograph give the same template and the same
// box, in the photograph as it is displayed (reliability test 8).
func TestIngestOfTurnedPhotographs(t *testing.T) {
	t.Parallel()
	for name, c := range sittings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			photos := map[string][]byte{}
			for o := 1; o <= 8; o++ {
				turned := stored(c.picture, o)
				plain := encoded(t, turned)
				photos[fmt.Sprintf("png%d", o)] = slices.Concat(plain[:pngHead], pngChunk("eXIf", exif(o)), plain[pngHead:])
				segment := "Exif\x00\x00" + exif(o)
				head := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(segment) + 2)}, segment...)
				photos[fmt.Sprintf("jpg%d", o)] = append(head, asJPEG(t, turned)[2:]...)
			}
			all := compare(t, c.flags, photos, "png1")
			first := all["png1"]
			for name, f := range all {
				limit := 0.01
				if strings.HasPrefix(name, "jpg") {
					limit = c.noise
				}
				off := max(f.X1-first.X1, first.X1-f.X1, f.Y1-first.Y1, first.Y1-f.Y1, f.X2-first.X2, first.X2-f.X2, f.Y2-first.Y2, first.Y2-f.Y2)
				if f.Distance > limit || off > 3 || f.Width != c.picture.Rect.Dx() || f.Height != c.picture.Rect.Dy() {
					t.Errorf("%s: %+v, and %+v without turning", name, f, first)
				}
			}
		})
	}
}

// inks is a picture as a JPEG of cyan, magenta, yellow and black, inverted as
// Adobe's programs write it: of each ink a grey picture's scan.
func inks(t *testing.T, picture image.Image) []byte {
	t.Helper()
	bounds := picture.Bounds()
	var planes [4]*image.Gray
	for i := range planes {
		planes[i] = image.NewGray(bounds)
	}
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			r, g, b, _ := picture.At(x, y).RGBA()
			c, m, ye, k := color.RGBToCMYK(uint8(r>>8), uint8(g>>8), uint8(b>>8))
			for i, ink := range []uint8{c, m, ye, k} {
				planes[i].SetGray(x, y, color.Gray{Y: 255 - ink})
			}
		}
	}
	one := asJPEG(t, planes[0])
	frame, scan := bytes.Index(one, []byte("\xff\xc0")), bytes.Index(one, []byte("\xff\xda"))
	frameEnd := frame + 2 + int(binary.BigEndian.Uint16(one[frame+2:]))
	out := slices.Concat([]byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"), one[2:frame],
		[]byte{0xff, 0xc0, 0, 8 + 3*4}, one[frame+4:frame+9], []byte{4})
	for id := range byte(4) {
		out = append(out, id+1, 0x11, 0)
	}
	out = append(out, one[frameEnd:scan]...)
	for i, plane := range planes {
		data := asJPEG(t, plane)
		data = data[bytes.Index(data, []byte("\xff\xda"))+10 : len(data)-2]
		out = append(append(out, 0xff, 0xda, 0, 8, 1, byte(i+1), 0, 0, 63, 0), data...)
	}
	return append(out, 0xff, 0xd9)
}

// copied is a picture in another model of colours.
func copied[T draw.Image](from image.Image, to T) T {
	draw.Draw(to, to.Bounds(), from, image.Point{}, draw.Src)
	return to
}

// greys is the palette of all levels of grey.
func greys() (all color.Palette) {
	for level := range 256 {
		all = append(all, color.Gray{Y: uint8(level)})
	}
	return all
}

// Photographs in other models of colours give the template of the same pixels in
// red, green and blue (reliability test 9).
func TestIngestOfOtherColours(t *testing.T) {
	t.Parallel()
	for name, c := range sittings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := c.picture.Rect
			clear := copied(c.picture, image.NewNRGBA(in))
			for i := 3; i < len(clear.Pix); i += 4 {
				clear.Pix[i] = 128 // the colours stay
			}
			grey := copied(c.picture, image.NewGray(in))
			for original, others := range map[string]map[string][]byte{
				"colours": {
					"colours": encoded(t, c.picture), "16 bits": encoded(t, copied(c.picture, image.NewRGBA64(in))), "alpha": encoded(t, clear),
					"jpeg of inks": inks(t, c.picture), "jpeg": asJPEG(t, c.picture),
				},
				"greys": {
					"greys": encoded(t, copied(grey, image.NewRGBA(in))), "grey": encoded(t, grey), "jpeg, grey": asJPEG(t, grey),
					"grey, 16 bits": encoded(t, copied(grey, image.NewGray16(in))), "palette": encoded(t, copied(grey, image.NewPaletted(in, greys()))),
				},
			} {
				for name, f := range compare(t, c.flags, others, original) {
					limit := 0.02
					if strings.HasPrefix(name, "jpeg") {
						limit = max(limit, c.noise)
					}
					if f.Distance > limit {
						t.Errorf("%s: %.4f from the original", name, f.Distance)
					}
				}
			}
		})
	}
}

// Of an animation the first picture counts (reliability test 10).
func TestIngestOfAnimations(t *testing.T) {
	t.Parallel()
	v, root := newVisage(t), t.TempDir()
	grey := copied(drawn(1, 160), image.NewGray(image.Rect(0, 0, 160, 160)))
	palette := greys()
	shows, blank := copied(grey, image.NewPaletted(grey.Rect, palette)), image.NewPaletted(grey.Rect, palette)
	for name, frames := range map[string][]*image.Paletted{"ann/face.gif": {shows, blank}, "bob/none.gif": {blank, shows}} {
		var data bytes.Buffer
		if err := gif.EncodeAll(&data, &gif.GIF{Image: frames, Delay: make([]int, 2), LoopCount: 0}); err != nil {
			t.Fatal(err)
		}
		if err := makeFile(filepath.Join(root, name), data.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	for name, frames := range map[string][2]image.Image{"ann/face.png": {grey, image.NewGray(grey.Rect)}, "bob/none.png": {image.NewGray(grey.Rect), grey}} {
		if err := makeFile(filepath.Join(root, name), animated(encoded(t, frames[0]), encoded(t, frames[1]))); err != nil {
			t.Fatal(err)
		}
	}
	report := answer[ingest.Report](v, with(builtIn, "ingest", root)...)
	if report.Ingested != 2 || !maps.Equal(report.Rejected, map[face.Code]int{face.NoFace: 2}) {
		t.Errorf("%+v", report)
	}
	for _, j := range report.Rejections {
		if filepath.Base(filepath.Dir(j.Path)) != "bob" {
			t.Errorf("%+v", j)
		}
	}
}

// animated makes an APNG (PNG 3rd edition, 4.9) of two pictures of one size, each
// of one chunk of data; the first is the default one too.
func animated(first, second []byte) []byte {
	data := func(png []byte) []byte { return png[pngHead : len(png)-12] } // all between header and end
	size := string(first[16:24])
	control := func(number string) []byte {
		return pngChunk("fcTL", number+size+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x0a\x00\x00")
	}
	next := data(second)
	return slices.Concat(first[:pngHead], pngChunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00"), control("\x00\x00\x00\x00"), data(first),
		control("\x00\x00\x00\x01"), pngChunk("fdAT", "\x00\x00\x00\x02"+string(next[8:len(next)-4])), first[len(first)-12:])
}
