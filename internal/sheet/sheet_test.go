package sheet_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/sheet"
)

var (
	blue  = color.RGBA{20, 40, 200, 255}
	green = color.RGBA{34, 154, 84, 255}
	grey  = color.RGBA{126, 134, 146, 255}
)

func plain(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, blue)
	}
	return img
}

// cell is a card whose probe is 400x400, so that it is drawn at half its size.
func cell(d sheet.Decision) sheet.Cell {
	found := face.Detection{
		Box:       face.Box{X1: 100, Y1: 80, X2: 300, Y2: 320},
		Landmarks: face.Landmarks{{X: 160, Y: 160}, {X: 240, Y: 160}},
	}
	return sheet.Cell{
		Probe: sheet.Picture{Image: plain(400, 400), Faces: []face.Detection{found}, Caption: "probe.jpg"},
		Match: sheet.Picture{Image: plain(200, 100), Caption: "1.jpg"},
		Title: "sample-01", Lines: []string{"distance 0.1"}, Decision: d,
	}
}

func mustDraw(t *testing.T, cells ...sheet.Cell) *image.RGBA {
	t.Helper()
	img, err := sheet.Draw("Sheet", cells)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Where the first card and its probe begin: the layout of the sheet.
const (
	cardX, cardY   = 24, 96
	probeX, probeY = cardX + 14, cardY + 14
	cardRight      = cardX + 442
)

func TestDrawMarksTheDetectionInTheDecisionsColour(t *testing.T) {
	t.Parallel()
	for decision, want := range map[sheet.Decision]color.RGBA{sheet.Match: green, sheet.Unknown: grey} {
		img := mustDraw(t, cell(decision))
		for name, at := range map[string]image.Point{
			"frame":             {cardX + 1, cardY + 100},
			"box's left side":   {probeX + 50, probeY + 100},
			"box's top":         {probeX + 100, probeY + 40},
			"box's right side":  {probeX + 149, probeY + 100},
			"box's bottom side": {probeX + 100, probeY + 159},
		} {
			if got := img.RGBAAt(at.X, at.Y); got != want {
				t.Errorf("%s: %s at %v is %v, want %v", decision, name, at, got, want)
			}
		}
		if got := img.RGBAAt(probeX+100, probeY+100); got != blue {
			t.Errorf("%s: the face itself is %v, want the photograph's %v", decision, got, blue)
		}
		if got := img.RGBAAt(probeX+80, probeY+80); got.G < 200 {
			t.Errorf("%s: no landmark's dot at the left eye: %v", decision, got)
		}
	}
}

func TestDrawKeepsABoxWithinItsPhotograph(t *testing.T) {
	t.Parallel()
	c := cell(sheet.Match)
	plainCard := c
	plainCard.Probe.Faces = nil
	c.Probe.Faces = []face.Detection{{
		Box:       face.Box{X1: -500, Y1: -500, X2: 5000, Y2: 5000},
		Landmarks: face.Landmarks{{X: -50, Y: 10}, {X: 900, Y: 10}},
	}}
	sameOutside(t, mustDraw(t, c), mustDraw(t, plainCard), image.Rect(probeX, probeY, probeX+200, probeY+200))
}

func sameOutside(t *testing.T, a, b *image.RGBA, inside image.Rectangle) {
	t.Helper()
	if a.Bounds() != b.Bounds() {
		t.Fatalf("sizes differ: %v and %v", a.Bounds(), b.Bounds())
	}
	differs := false
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.RGBAAt(x, y) == b.RGBAAt(x, y) {
				continue
			}
			differs = true
			if !image.Pt(x, y).In(inside) {
				t.Fatalf("pixel %d,%d outside %v was drawn on", x, y, inside)
			}
		}
	}
	if !differs {
		t.Fatalf("nothing was drawn inside %v", inside)
	}
}

func TestDrawKeepsLongAndBrokenTextInItsPlace(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"long":      strings.Repeat("a very long name ", 400),
		"not UTF-8": strings.Repeat("\xff\xfename", 90),
		"control":   strings.Repeat("a\nb\x00", 90),
	} {
		c := cell(sheet.Match)
		c.Title, c.Lines, c.Probe.Caption = text, []string{text}, text
		empty := cell(sheet.Match)
		empty.Title, empty.Lines, empty.Probe.Caption = "", []string{""}, ""
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameOutside(t, mustDraw(t, c), mustDraw(t, empty), image.Rect(probeX, probeY+200, cardRight-14, cardY+14+200+20+26+20+14))
		})
	}
}

func TestDrawShowsWhatIsNotUTF8(t *testing.T) {
	t.Parallel()
	broken, left := cell(sheet.Match), cell(sheet.Match)
	broken.Title, left.Title = "sample\xff", "sample"
	sameOutside(t, mustDraw(t, broken), mustDraw(t, left), image.Rect(probeX, probeY+220, cardRight-14, probeY+246))
}

func TestDrawPlacesEveryCard(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 4, 7} {
		cells := make([]sheet.Cell, n)
		for i := range cells {
			cells[i] = cell(sheet.Match)
			cells[i].Probe.Faces = nil
		}
		cells[n-1].Match.Image = nil
		img, probes := mustDraw(t, cells...), 0
		for y := probeY; y < img.Bounds().Dy(); y++ {
			for x := probeX; x < img.Bounds().Dx(); x++ {
				if img.RGBAAt(x, y) == blue {
					probes++
				}
			}
		}
		if want := n*200*200 + (n-1)*200*100; probes != want {
			t.Errorf("%d cards show %d pixels of photographs, want %d", n, probes, want)
		}
	}
}

func TestDrawRefuses(t *testing.T) {
	t.Parallel()
	blind := cell(sheet.Match)
	blind.Probe.Image = nil
	for name, cells := range map[string][]sheet.Cell{
		"no cells":         nil,
		"no probe":         {blind},
		"unknown decision": {cell("perhaps")},
		"too many":         make([]sheet.Cell, sheet.MaxCells+1),
	} {
		if _, err := sheet.Draw("", cells); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: got %v, want an error of code invalid", name, err)
		}
	}
}

func TestWritePNG(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sheet.WritePNG(&b, "Sheet", []sheet.Cell{cell(sheet.Ambiguous)}); err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if want := mustDraw(t, cell(sheet.Ambiguous)).Bounds(); got.Bounds() != want {
		t.Errorf("the PNG is %v, want %v", got.Bounds(), want)
	}
}
