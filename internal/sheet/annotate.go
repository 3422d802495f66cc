package sheet

import (
	"errors"
	"image"
	"image/color"

	"github.com/visagedb/visage/internal/face"
	"golang.org/x/image/font/gofont/gobold"
)

// Mark is one face to show in a photograph, in its pixels.
type Mark struct {
	Detection face.Detection
	Label     string // written at the box; may be empty
}

// eyes sets the first landmark, the person's right eye, apart from the others,
// so that a mirrored or turned face is seen.
var eyes = [...]color.RGBA{{255, 96, 72, 255}, {255, 226, 0, 255}}

// Annotate draws boxes, landmarks and labels into a photograph. Lines and
// letters grow with it.
func Annotate(photo *image.RGBA, marks []Mark) (err error) {
	long := max(photo.Rect.Dx(), photo.Rect.Dy())
	width, letters := max(2, long/400), max(13, long/60)
	font, err := openFont(gobold.TTF, float64(letters))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, font.Close()) }()
	p := &pen{out: photo}
	for _, m := range marks {
		box := boxIn(m.Detection.Box, photo.Rect)
		p.outline(box.Inset(-width/2), width/2, white)
		p.outline(box, width, frames[Match])
		for i, l := range m.Detection.Landmarks {
			at := image.Pt(int(l.X+0.5), int(l.Y+0.5))
			shade := landmark
			if i < len(eyes) {
				shade = eyes[i]
			}
			p.fill(image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))}.Inset(-width), shade)
		}
	}
	for _, m := range marks { // above all boxes
		box := boxIn(m.Detection.Box, photo.Rect)
		base := box.Min.Y - width - letters/4
		if base < letters { // no room above
			base = min(box.Min.Y+width+letters, photo.Rect.Max.Y)
		}
		at := image.Pt(max(min(box.Min.X, photo.Rect.Dx()-p.measure(font, m.Label)), 0), base) // all of it in the photograph, if it fits
		for _, shadow := range []image.Point{{-1, -1}, {1, -1}, {-1, 1}, {1, 1}} {
			p.write(font, ink, at.X+shadow.X*width/2, at.Y+shadow.Y*width/2, photo.Rect.Dx(), m.Label)
		}
		p.write(font, white, at.X, at.Y, photo.Rect.Dx(), m.Label)
	}
	return nil
}

func boxIn(b face.Box, photo image.Rectangle) image.Rectangle {
	b = b.Clip(photo.Dx(), photo.Dy())
	return image.Rect(int(b.X1), int(b.Y1), int(b.X2+0.5), int(b.Y2+0.5)).Add(photo.Min)
}
