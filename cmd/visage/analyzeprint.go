package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/sheet"
)

// printAnalyses prints a row per face. Columns of what was not asked for are left out.
func (a *app) printAnalyses(results []httpapi.Analysis) error {
	header, rows := []string{"face", "at", "pixels", "confidence"}, make([][]string, len(results))
	for i, r := range results {
		rows[i] = []string{fmt.Sprint(i + 1), fmt.Sprintf("%d,%d", r.Region.X, r.Region.Y), fmt.Sprintf("%dx%d", r.Region.W, r.Region.H), fmt.Sprintf("%.2f", r.Confidence)}
	}
	for _, column := range slices.Sorted(maps.Keys(results[0].Models)) {
		header = append(header, column)
		for i, r := range results {
			rows[i] = append(rows[i], said(r, face.Attribute(column)))
		}
	}
	if results[0].Liveness != nil {
		header = append(header, "live", "score")
		for i, r := range results {
			rows[i] = append(rows[i], fmt.Sprint(r.Real), fmt.Sprintf("%.3f", r.Score))
		}
	}
	return printTable(a.out, header, rows)
}

// analysisMarks are the faces of a photograph with what is said of them, as far as a
// few words hold it.
func analysisMarks(found []embed.Analyzed, results []httpapi.Analysis) []sheet.Mark {
	marks := make([]sheet.Mark, len(found))
	for i, r := range results {
		words := []string{fmt.Sprint(i + 1)}
		if r.Age != nil {
			words = append(words, fmt.Sprint(*r.Age))
		}
		for _, word := range []string{r.DominantGender, r.DominantRace, r.DominantEmotion} {
			if word != "" {
				words = append(words, word)
			}
		}
		if r.Liveness != nil && !r.Real {
			words = append(words, "not live")
		}
		marks[i] = sheet.Mark{Detection: found[i].Detection, Label: strings.Join(words, "  ")}
	}
	return marks
}

// said is what was estimated of one attribute, as people read it.
func said(r httpapi.Analysis, attribute face.Attribute) string {
	labelled := func(label string, percent map[string]float64) string {
		return fmt.Sprintf("%s %.0f %%", label, percent[label])
	}
	switch attribute {
	case face.Age:
		return fmt.Sprint(*r.Age)
	case face.Gender:
		return labelled(r.DominantGender, r.Gender)
	case face.Race:
		return labelled(r.DominantRace, r.Race)
	default:
		return labelled(r.DominantEmotion, r.Emotion)
	}
}
