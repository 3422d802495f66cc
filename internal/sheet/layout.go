package sheet

import "image"

// Measures in pixels.
const (
	margin       = 24  // around the sheet and between cards
	padding      = 14  // within a card
	frameWidth   = 4   // of a card's coloured frame
	photo        = 200 // side of the square that a photograph is fitted into
	headerHeight = 96  // title and legend
	captionLine  = 20
	titleLine    = 26
	textLine     = 20
	maxColumns   = 3
	cardWidth    = 2*photo + 3*padding
)

// layout is where the cards lie.
type layout struct {
	width, height int
	columns       int
	cardHeight    int // that of the card with the most lines
}

func arrange(cells []Cell) layout {
	lines := 0
	for _, c := range cells {
		lines = max(lines, len(c.Lines))
	}
	l := layout{columns: min(maxColumns, len(cells))}
	if len(cells) == 4 {
		l.columns = 2
	}
	rows := (len(cells) + l.columns - 1) / l.columns
	l.cardHeight = 2*padding + photo + captionLine + titleLine + lines*textLine
	l.width = margin + max(2, l.columns)*(cardWidth+margin)
	l.height = headerHeight + rows*(l.cardHeight+margin)
	return l
}

// card is the rectangle of the i-th card, in reading order.
func (l layout) card(i int) image.Rectangle {
	x := margin + i%l.columns*(cardWidth+margin)
	y := headerHeight + i/l.columns*(l.cardHeight+margin)
	return image.Rect(x, y, x+cardWidth, y+l.cardHeight)
}

// fit is the largest rectangle of the picture's shape in the middle of a place.
func fit(size image.Point, place image.Rectangle) image.Rectangle {
	scale := min(float64(place.Dx())/float64(size.X), float64(place.Dy())/float64(size.Y))
	w, h := max(1, int(float64(size.X)*scale+0.5)), max(1, int(float64(size.Y)*scale+0.5))
	corner := place.Min.Add(image.Pt((place.Dx()-w)/2, (place.Dy()-h)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(w, h))}
}
