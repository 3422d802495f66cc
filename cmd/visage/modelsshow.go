package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func modelsShow(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show all that is known of a model", Args: cobra.ExactArgs(1), Example: "  visage models show SFace"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		store, err := a.store()
		if err != nil {
			return err
		}
		found, err := list(store, args[0])
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, found[0])
		}
		a.printModel(found[0])
		return nil
	}
	return cmd
}

func (a *app) printModel(l listed) {
	fmt.Fprintf(a.out, "%s (%s), %s\n%s\n", l.Name, l.Kind, state(l), l.Summary)
	a.printLine("licence", l.Licence)
	a.printLine("commercial", l.Commercial)
	a.printLine("source", l.Source)
	for _, reference := range l.References {
		a.printLine("reference", reference)
	}
	a.printLine("aliases", strings.Join(l.Aliases, ", "))
	if l.Backend != l.Name {
		a.printLine("backend", l.Backend)
	}
	if l.Build != "" {
		a.printLine("needs", "a program built with the tag "+l.Build)
	}
	a.printRecognition(l.Recognition)
	a.printAttribution(l.Attribution)
	a.printLine("problem", l.Problem)
	if l.Path != "" {
		a.printPath("in use", l.Path)
	}
	for _, path := range l.Parts {
		a.printPath("", path)
	}
	for _, f := range l.Files {
		a.printFile("file", f)
		for _, part := range f.Parts {
			a.printFile("with", part)
		}
	}
}

// printRecognition prints what a recogniser takes and gives, and how faces are
// prepared for it.
func (a *app) printRecognition(r *registry.Recognition) {
	if r == nil {
		return
	}
	a.printLine("dimensions", fmt.Sprint(r.Dim))
	a.printLine("input", fmt.Sprintf("%d pixels wide, %d high, %s", r.Width, r.Height, strings.ToUpper(string(r.Layout))))
	a.printLine("output", r.Output)
	a.printLine("profile", string(r.Profile())+" where none is named")
	if n := r.Native; n != nil {
		crop := string(n.Crop)
		if n.Margin > 0 {
			crop += fmt.Sprintf(" and %g %% more", 100*n.Margin)
		}
		a.printLine("native", "crop "+crop+", "+feed(n.Input, "bytes"))
		a.printThresholds(n.Thresholds)
	}
	if d := r.DeepFace; d != nil {
		of := "numbers from 0 to 1"
		if d.Bytes {
			of = "bytes"
		}
		text := feed(d.Input, of)
		if d.Unit {
			text += ", length 1"
		}
		if d.MinMax != nil {
			text += fmt.Sprintf(", minmax %g to %g", d.MinMax[0], d.MinMax[1])
		}
		a.printLine("deepface", text)
		a.printThresholds(d.Thresholds)
	}
}

// feed says what a graph is fed with.
func feed(in registry.Input, of string) string {
	order, x := "BGR ", "x"
	if in.RGB {
		order = "RGB "
	}
	if in.Mean != [3]float32{} {
		x = "x - " + channels(in.Mean)
	}
	if in.Std != [3]float32{1, 1, 1} {
		if x != "x" {
			x = "(" + x + ")"
		}
		x += " / " + channels(in.Std)
	}
	if x == "x" {
		return order + of
	}
	return order + of + " as " + x
}

// channels writes one number where all three are the same.
func channels(of [3]float32) string {
	if of[0] == of[1] && of[1] == of[2] {
		return fmt.Sprint(of[0])
	}
	return fmt.Sprint(of)
}

func (a *app) printThresholds(thresholds face.Thresholds) {
	for _, t := range thresholds {
		a.printLine("", fmt.Sprintf("threshold %s %g: %s", t.Metric, t.Distance, t.Source))
	}
}

// printPath prints a file's path as it is, however long.
func (a *app) printPath(label, path string) {
	fmt.Fprintf(a.out, "%-11s %s\n", label, plain(path))
}

// lineWidth is how wide a line of text gets, in characters, unless one word is
// wider.
const lineWidth = 100

// printLine prints what is known, if anything, and goes on below itself where
// that is long.
func (a *app) printLine(label, text string) {
	line := fmt.Sprintf("%-11s", label)
	indent := len(line)
	for _, word := range strings.Split(text, " ") {
		if len(line) > indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth {
			fmt.Fprintln(a.out, line)
			line = strings.Repeat(" ", indent)
		}
		line += " " + word
	}
	if text != "" {
		fmt.Fprintln(a.out, line)
	}
}
