package sheet

import (
	"image"
	"image/color"

	"github.com/visagedb/visage/internal/face"
	"golang.org/x/image/draw"
)

// The sheet's colours.
var (
	paper    = color.RGBA{241, 243, 246, 255}
	white    = color.RGBA{255, 255, 255, 255}
	ink      = color.RGBA{28, 33, 40, 255}
	faint    = color.RGBA{104, 112, 122, 255}
	hollow   = color.RGBA{228, 231, 236, 255}
	landmark = color.RGBA{0, 226, 255, 255}
)

// frames are the colours of the decisions: of a card's frame and of the boxes
// around its faces.
var frames = map[Decision]color.RGBA{
	Match:     {34, 154, 84, 255},
	Ambiguous: {222, 142, 16, 255},
	Unknown:   {126, 134, 146, 255},
}

// pen draws onto the sheet.
type pen struct {
	out   *image.RGBA
	fonts *fonts
}

func (p *pen) fill(r image.Rectangle, c color.Color) {
	draw.Draw(p.out, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// outline draws the border of a rectangle, inwards.
func (p *pen) outline(r image.Rectangle, width int, c color.Color) {
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), c)
	p.fill(image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y), c)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+width, r.Max.Y), c)
	p.fill(image.Rect(r.Max.X-width, r.Min.Y, r.Max.X, r.Max.Y), c)
}

// header writes the title and, below it, what the colours mean.
func (p *pen) header(title string, width int) {
	p.write(p.fonts.title, ink, margin, 44, width-2*margin, title)
	x := margin
	for _, d := range []Decision{Match, Ambiguous, Unknown} {
		p.fill(image.Rect(x, 63, x+14, 77), frames[d])
		x += 22
		x += p.write(p.fonts.text, faint, x, 75, 120, string(d)) + 24
	}
	p.write(p.fonts.text, faint, x, 75, width-margin-x, "probe on the left, nearest enrolled photograph on the right")
}

func (p *pen) card(r image.Rectangle, c Cell) {
	shade := frames[c.Decision]
	p.fill(r, white)
	p.outline(r, frameWidth, shade)
	x, y := r.Min.X+padding, r.Min.Y+padding
	p.picture(image.Pt(x, y), c.Probe, shade)
	p.picture(image.Pt(x+photo+padding, y), c.Match, shade)
	y += photo + captionLine
	room := cardWidth - 2*padding
	p.write(p.fonts.bold, ink, x, y+19, room, c.Title)
	for i, line := range c.Lines {
		p.write(p.fonts.text, faint, x, y+titleLine+15+i*textLine, room, line)
	}
}

// picture draws one photograph with its marks and caption at a corner.
func (p *pen) picture(corner image.Point, pic Picture, shade color.Color) {
	place := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(photo, photo))}
	p.fill(place, hollow)
	p.write(p.fonts.small, faint, corner.X, place.Max.Y+15, photo, pic.Caption)
	if pic.Image == nil || pic.Image.Bounds().Empty() {
		const none = "none"
		p.write(p.fonts.text, faint, corner.X+(photo-p.measure(p.fonts.text, none))/2, corner.Y+photo/2+5, photo, none)
		return
	}
	from := pic.Image.Bounds()
	to := fit(from.Size(), place)
	draw.BiLinear.Scale(p.out, to, pic.Image, from, draw.Over, nil)
	for _, d := range pic.Faces {
		p.mark(d, from.Size(), to, shade)
	}
}

// mark draws a detection's box and landmarks in a photograph of the given size
// that stands at to; nothing leaves the photograph.
func (p *pen) mark(d face.Detection, size image.Point, to image.Rectangle, shade color.Color) {
	scale := float32(to.Dx()) / float32(size.X)
	place := func(x, y float32) image.Point {
		return to.Min.Add(image.Pt(int(x*scale+0.5), int(y*scale+0.5)))
	}
	inner := &pen{out: p.out.SubImage(to).(*image.RGBA)}
	b := d.Box.Clip(size.X, size.Y)
	box := image.Rectangle{Min: place(b.X1, b.Y1), Max: place(b.X2, b.Y2)}
	inner.outline(box.Inset(-1), 1, white) // seen on dark and coloured grounds alike
	inner.outline(box, boxWidth, shade)
	for _, l := range d.Landmarks {
		at := place(l.X, l.Y)
		inner.fill(image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))}.Inset(-dot), landmark)
	}
}

// Marks on photographs, in pixels of the sheet.
const (
	boxWidth = 2
	dot      = 1 // from a landmark to its dot's edge
)
