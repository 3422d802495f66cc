package main

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/visagedb/visage/search"
)

// printFound prints an answer for people: a table for each probe, and how it was
// searched. The probe may be one that was merged from so many photographs.
func (a *app) printFound(found search.FindResult, merged int) error {
	for i, matches := range found.Results {
		probe := found.Probes[i]
		if merged > 0 {
			fmt.Fprintf(a.out, "one person in %d photographs: %s%s\n", merged, probe.Decision, liveText(probe.Liveness))
		} else {
			of := ""
			if probe.Image != "" {
				of = " in " + plain(probe.Image)
			}
			area := search.NewFacialArea(probe.Detection, math.MaxInt32, math.MaxInt32)
			fmt.Fprintf(a.out, "face %d of %d%s at %d,%d, %dx%d pixels: %s%s\n", i+1, len(found.Results), of,
				area.X, area.Y, area.W, area.H, probe.Decision, liveText(probe.Liveness))
		}
		if err := a.printMatches(matches, found.Search.By); err != nil {
			return err
		}
	}
	if err := a.printSpoofs(found.Spoofs); err != nil {
		return err
	}
	how := found.Search
	filtered := ""
	if how.Filter != nil {
		filtered = ", filtered"
	}
	_, err := fmt.Fprintf(a.out, "searched %d templates of gallery %s%s, space %s: %s; %s threshold %.3f (%s)\n",
		how.Rows, how.Gallery, filtered, how.Space, planText(how.Plan), how.Metric, how.Threshold, how.ThresholdSource)
	return err
}

func (a *app) printMatches(matches []search.Match, by search.By) error {
	header := []string{"rank", "identity", "distance", "confidence", "decision", "image"}
	if by == search.ByIdentity {
		header = append(header, "faces")
	}
	rows := make([][]string, len(matches))
	for i, m := range matches {
		rows[i] = []string{
			strconv.Itoa(i + 1), cmp.Or(m.Identity, "(no identity)"), strconv.FormatFloat(m.Distance, 'f', 4, 64),
			strconv.FormatFloat(m.Confidence, 'f', 1, 64), string(m.Decision), m.Image,
		}
		if by == search.ByIdentity {
			rows[i] = append(rows[i], strconv.Itoa(m.Templates))
		}
	}
	return printTable(a.out, header, rows)
}
