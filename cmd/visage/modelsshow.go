package main

import (
	"fmt"
	"slices"
	"strings"

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
	a.printLine("aliases", strings.Join(l.Aliases, ", "))
	if l.Backend != l.Name {
		a.printLine("backend", l.Backend)
	}
	if l.Build != "" {
		a.printLine("needs", "a program built with the tag "+l.Build)
	}
	if r := l.Recognition; r != nil {
		a.printLine("dimensions", fmt.Sprint(r.Dim))
		a.printLine("profile", string(r.Profile())+" where none is named")
		if r.Native != nil {
			a.printThresholds(face.Native, r.Native.Thresholds)
		}
		if r.DeepFace != nil {
			a.printThresholds(face.DeepFace, r.DeepFace.Thresholds)
		}
	}
	a.printLine("problem", l.Problem)
	for _, f := range l.Files {
		a.printFile("file", f)
		for _, part := range f.Parts {
			a.printFile("with", part)
		}
	}
}

func (a *app) printThresholds(profile face.Profile, thresholds face.Thresholds) {
	for _, t := range thresholds {
		a.printLine("threshold", fmt.Sprintf("%s, %s distance %g: %s", profile, t.Metric, t.Distance, t.Source))
	}
}

// printLine prints what is known, if anything.
func (a *app) printLine(label, text string) {
	if text != "" {
		fmt.Fprintf(a.out, "%-11s %s\n", label, text)
	}
}

func (a *app) printFile(label string, f registry.File) {
	bytes, hash := fmt.Sprintf("%d bytes", f.Bytes), "sha256 "+f.SHA256
	switch {
	case f.SHA256 == "":
		bytes, hash = "size unknown", "unpinned: there is no published hash"
	case f.Unpinned:
		hash += " (unpinned: as it was when it came)"
	}
	a.printLine(label, f.Name+", "+bytes)
	lines := []string{hash, f.URL}
	if f.Archive != "" {
		lines = append(lines, strings.TrimSpace("unpacked from that "+f.Archive+" archive "+f.Member))
	}
	if f.Made != "" {
		lines = append(lines, "made: "+f.Made)
	}
	for _, line := range slices.DeleteFunc(lines, func(line string) bool { return line == "" }) {
		fmt.Fprintf(a.out, "%-11s %s\n", "", line)
	}
}

func modelsVerify(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "verify", Short: "Verify the hash of every installed file", Args: cobra.NoArgs, Example: "  visage models verify"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(*cobra.Command, []string) error {
		store, err := a.store()
		if err != nil {
			return err
		}
		checks, err := store.Verify()
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(a.out, map[string]any{"files": checks})
		} else {
			rows := make([][]string, len(checks))
			for i, c := range checks {
				rows[i] = []string{c.Verdict(), c.Model, c.Path, c.SHA256}
			}
			err = printTable(a.out, []string{"state", "model", "path", "sha256"}, rows)
		}
		if err != nil {
			return err
		}
		if bad := slices.IndexFunc(checks, func(c registry.Check) bool { return !c.OK }); bad >= 0 {
			return face.Errorf(face.Mismatch, "%s is damaged or another file: remove it, then pull or import it again", checks[bad].Path)
		}
		_, err = store.Pins()
		return err
	}
	return cmd
}
