package main

import (
	"fmt"
	"strings"

	"github.com/visagedb/visage/embed/registry"
)

// printAttribution prints what a model of attributes takes, and a line for each
// attribute that it says.
func (a *app) printAttribution(r *registry.Attribution) {
	if r == nil {
		return
	}
	a.printLine("input", fmt.Sprintf("%d pixels wide, %d high, %s", r.Width, r.Height, strings.ToUpper(string(r.Layout))))
	cut := string(r.Cut)
	if r.Margin > 0 {
		cut += fmt.Sprintf(" and %g %% more on each side", 100*r.Margin)
	}
	of := "bytes"
	if r.Cut == registry.CutDeepFace {
		of = "numbers from 0 to 1"
	}
	fed := feed(r.Input, of)
	if r.Grey {
		fed = "grey " + strings.TrimPrefix(strings.TrimPrefix(fed, "BGR "), "RGB ")
	}
	a.printLine("crop", cut+", "+fed)
	for _, h := range r.Heads {
		a.printLine("says", h.Attribute+": "+headText(h))
	}
}

// headText says in what form a graph says an attribute.
func headText(h registry.Head) string {
	switch {
	case h.Points > 0:
		return fmt.Sprintf("%d points", h.Points)
	case len(h.Ages) > 0:
		return fmt.Sprintf("the mean of %d classes of years, %v", len(h.Ages), h.Ages)
	case h.Years > 0:
		return fmt.Sprintf("the mean of 0 to %d years by their probabilities", h.Years-1)
	case len(h.Labels) > 0:
		return strings.Join(h.Labels, ", ")
	default:
		return "years"
	}
}
