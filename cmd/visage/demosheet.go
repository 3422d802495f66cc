package main

import (
	"bytes"
	"fmt"
	"image"
	"path/filepath"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/sheet"
	"golang.org/x/image/draw"
)

// drawSheet writes the contact sheet of the namings, as many as fit.
func drawSheet(e *embed.Embedder, path string, named []naming) error {
	cells := make([]sheet.Cell, min(len(named), sheet.MaxCells))
	for i := range cells {
		cells[i] = sheetCell(e, named[i])
	}
	var b bytes.Buffer
	title := fmt.Sprintf("Visage: faces (%d) named with %s and %s", len(named), e.Detector(), e.Recognizer())
	if err := sheet.WritePNG(&b, title, cells); err != nil {
		return err
	}
	return makeFile(path, b.Bytes())
}

func sheetCell(e *embed.Embedder, n naming) sheet.Cell {
	cell := sheet.Cell{Probe: sheetPicture(e, n.probe.path, n.found.Detection), Title: "nobody enrolled", Decision: sheet.Decision(n.found.Decision)}
	if n.best == nil {
		return cell
	}
	cell.Title = n.found.Identity
	if cell.Title == "" {
		cell.Title = fmt.Sprintf("%s (nearest: %s)", n.found.Decision, n.best.Identity)
	}
	cell.Lines = []string{fmt.Sprintf("distance %.4f, threshold %.4f", n.best.Distance, n.best.Threshold)}
	cell.Match = sheetPicture(e, n.best.Image, face.Detection{Box: n.best.Box})
	return cell
}

// sheetSide bounds what a card keeps of a photograph, in pixels.
const sheetSide = 480

// sheetPicture is a face with its surroundings, cut out of its photograph. A
// photograph that cannot be read any more leaves an empty place.
func sheetPicture(e *embed.Embedder, path string, found face.Detection) sheet.Picture {
	var whole *image.RGBA
	data, err := readFile(path)
	if err == nil {
		whole, err = e.Picture(data)
	}
	if err != nil {
		return sheet.Picture{Caption: err.Error()}
	}
	around := surroundings(found.Box, whole.Bounds())
	scale := min(1, sheetSide/float64(max(around.Dx(), around.Dy())))
	part := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(around.Dx())*scale)), max(1, int(float64(around.Dy())*scale))))
	draw.ApproxBiLinear.Scale(part, part.Bounds(), whole, around, draw.Src, nil)
	place := func(x, y float32) face.Point {
		return face.Point{X: (x - float32(around.Min.X)) * float32(scale), Y: (y - float32(around.Min.Y)) * float32(scale)}
	}
	low, high := place(found.Box.X1, found.Box.Y1), place(found.Box.X2, found.Box.Y2)
	shown := face.Detection{Box: face.Box{X1: low.X, Y1: low.Y, X2: high.X, Y2: high.Y}}
	for _, p := range found.Landmarks {
		shown.Landmarks = append(shown.Landmarks, place(p.X, p.Y))
	}
	return sheet.Picture{Image: part, Faces: []face.Detection{shown}, Caption: filepath.Base(path)}
}

// surroundings is the box grown by its own size, half on each side, within the
// photograph.
func surroundings(b face.Box, photo image.Rectangle) image.Rectangle {
	w, h := b.Width()/2, b.Height()/2
	grown := image.Rect(int(b.X1-w), int(b.Y1-h), int(b.X2+w), int(b.Y2+h)).Intersect(photo)
	if grown.Empty() {
		return photo
	}
	return grown
}
