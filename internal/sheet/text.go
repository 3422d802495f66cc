package sheet

import (
	"errors"
	"image"
	"image/color"
	"strings"
	"unicode"

	"github.com/visagedb/visage/internal/face"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// fonts are the sheet's four, of the Go family, which is compiled in: the sheet
// looks the same wherever it is drawn.
type fonts struct{ title, bold, text, small font.Face }

func openFonts() (*fonts, error) {
	f := &fonts{}
	for _, want := range []struct {
		to   *font.Face
		data []byte
		size float64
	}{
		{&f.title, gobold.TTF, 24}, {&f.bold, gobold.TTF, 16}, {&f.text, goregular.TTF, 14}, {&f.small, goregular.TTF, 12},
	} {
		var err error
		if *want.to, err = openFont(want.data, want.size); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// openFont makes a font of the given height, in pixels.
func openFont(data []byte, size float64) (font.Face, error) {
	parsed, err := opentype.Parse(data)
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "reading the built-in font")
	}
	opened, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "opening the built-in font")
	}
	return opened, nil
}

func (f *fonts) close() error {
	var all error
	for _, one := range []font.Face{f.title, f.bold, f.text, f.small} {
		if one != nil {
			all = errors.Join(all, one.Close())
		}
	}
	return all
}

// write draws a line of text from x on the baseline y, shortened to at most
// room pixels, and returns how many it took.
func (p *pen) write(f font.Face, c color.Color, x, y, room int, text string) int {
	d := font.Drawer{Dst: p.out, Src: image.NewUniform(c), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(shorten(f, clean(text), room))
	return (d.Dot.X - fixed.I(x)).Ceil()
}

func (p *pen) measure(f font.Face, text string) int { return font.MeasureString(f, text).Ceil() }

// clean makes what cannot be printed visible as U+FFFD: bytes that are no
// UTF-8 and control characters.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// shorten cuts a text in the middle until it fits, so that the beginning and
// the end of a long file name both stay readable.
func shorten(f font.Face, text string, room int) string {
	if font.MeasureString(f, text).Ceil() <= room {
		return text
	}
	runes := []rune(text)
	lo, hi := 0, min(len(runes)-1, room) // runes kept; no glyph is narrower than a pixel
	cut := func(keep int) string {
		return string(runes[:(keep+1)/2]) + "…" + string(runes[len(runes)-keep/2:])
	}
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if font.MeasureString(f, cut(mid)).Ceil() <= room {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return cut(lo)
}
