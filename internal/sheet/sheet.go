package sheet

import (
	"image"
	"image/draw"
	"image/png"
	"io"

	"github.com/visagedb/visage/internal/face"
)

// Decision is what was decided about a probe; it gives a card its colour.
type Decision string

// The decisions.
const (
	Match     Decision = "match"     // green
	Ambiguous Decision = "ambiguous" // amber
	Unknown   Decision = "unknown"   // grey
)

// Picture is a photograph with what was found in it.
type Picture struct {
	Image   image.Image // as displayed; nil where there is none
	Faces   []face.Detection
	Caption string // stands below the photograph, such as its file name
}

// Cell is one card of the sheet.
type Cell struct {
	Probe    Picture
	Match    Picture // of the best candidate; without Image for none
	Title    string
	Lines    []string // below the title, such as distance and threshold
	Decision Decision
}

// Draw lays the cells out in a grid under a title and a legend. Text that is
// too long for its place ends in an ellipsis; bytes that are not UTF-8 are
// shown as U+FFFD. Invalid is returned for no cells, for more than MaxCells, for a
// probe without image and for an unknown decision.
func Draw(title string, cells []Cell) (*image.RGBA, error) {
	if err := check(cells); err != nil {
		return nil, err
	}
	fonts, err := openFonts()
	if err != nil {
		return nil, err
	}
	defer fonts.close()
	at := arrange(cells)
	out := image.NewRGBA(image.Rect(0, 0, at.width, at.height))
	draw.Draw(out, out.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	p := &pen{out: out, fonts: fonts}
	p.header(title, at.width)
	for i, c := range cells {
		p.card(at.card(i), c)
	}
	return out, nil
}

// WritePNG draws the sheet and writes it as PNG.
func WritePNG(w io.Writer, title string, cells []Cell) error {
	img, err := Draw(title, cells)
	if err != nil {
		return err
	}
	if err := png.Encode(w, img); err != nil {
		return face.Wrap(face.Internal, err, "writing the contact sheet")
	}
	return nil
}

// MaxCells bounds the sheet's memory: 600 cards are about 1,450 by 57,000
// pixels.
const MaxCells = 600

func check(cells []Cell) error {
	if len(cells) == 0 {
		return face.Errorf(face.Invalid, "a contact sheet needs at least one probe: none was given")
	}
	if len(cells) > MaxCells {
		return face.Errorf(face.Invalid, "a contact sheet holds at most %d probes, not %d: draw several sheets", MaxCells, len(cells))
	}
	for i, c := range cells {
		if c.Probe.Image == nil || c.Probe.Image.Bounds().Empty() {
			return face.Errorf(face.Invalid, "probe %d (%s) has no picture to draw", i+1, clean(c.Title))
		}
		if _, ok := frames[c.Decision]; !ok {
			return face.Errorf(face.Invalid, "probe %d (%s) has the decision %q: want match, ambiguous or unknown", i+1, clean(c.Title), c.Decision)
		}
	}
	return nil
}
