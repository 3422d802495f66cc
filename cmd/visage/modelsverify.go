package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

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
