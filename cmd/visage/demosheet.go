package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/sheet"
)

// drawSheet writes the contact sheet of the namings, as many as fit.
func drawSheet(e *embed.Embedder, path string, named []naming) error {
	cells := make([]sheet.Cell, min(len(named), sheet.MaxCells))
	for i := range cells {
		var err error
		if cells[i], err = sheetCell(e, named[i]); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	title := fmt.Sprintf("Visage: %d faces named with %s and %s", len(named), e.Detector(), e.Recognizer())
	if err := sheet.WritePNG(&b, title, cells); err != nil {
		return err
	}
	return makeFile(path, b.Bytes())
}

func sheetCell(e *embed.Embedder, n naming) (sheet.Cell, error) {
	shown, err := sheetPicture(e, n.probe.path, n.found.Detection)
	if err != nil {
		return sheet.Cell{}, err
	}
	cell := sheet.Cell{Probe: shown, Title: "nobody enrolled", Decision: sheet.Decision(n.found.Decision)}
	if n.best == nil {
		return cell, nil
	}
	cell.Title = n.found.Identity
	if cell.Title == "" {
		cell.Title = fmt.Sprintf("%s (nearest: %s)", n.found.Decision, n.best.Identity)
	}
	cell.Lines = []string{fmt.Sprintf("distance %.4f, threshold %.4f", n.best.Distance, n.best.Threshold)}
	cell.Match, err = sheetPicture(e, n.best.Image, face.Detection{Box: n.best.Box})
	return cell, err
}

func sheetPicture(e *embed.Embedder, path string, found face.Detection) (sheet.Picture, error) {
	data, err := readPhoto(path)
	if err != nil {
		return sheet.Picture{}, err
	}
	picture, err := e.Picture(data)
	if err != nil {
		return sheet.Picture{}, err
	}
	return sheet.Picture{Image: picture, Faces: []face.Detection{found}, Caption: filepath.Base(path)}, nil
}
