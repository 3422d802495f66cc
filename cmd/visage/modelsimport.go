package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
)

func modelsImport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE...", Short: "Copy weights files into the home folder", Args: cobra.MinimumNArgs(1),
		Long: "Import takes files that the registry knows by their hash, whatever their names, as\non machines that can download nothing.\n\n" +
			"With --unpinned it takes your own conversion of a model, all its parts in their\norder: its hash is recorded in models/pins.yaml in the home folder and required\nfrom then on, and it is used where none of the model's other files is installed.\n\n" +
			"With --spec it takes a model of your own that the description describes, and adds\nit to the list that --models-file names. docs/models.md has the fields.",
		Example: "  visage models import /media/usb/yunet.onnx --as yunet\n  visage models import mine.onnx --as Mine --spec mine.yaml",
	}
	as := cmd.Flags().String("as", "", "the model that it is")
	spec := cmd.Flags().String("spec", "", "description of a model of your own, YAML")
	unpinned := cmd.Flags().Bool("unpinned", false, "take a file that the registry does not know, on trust")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *as == "" {
			return misuse{fmt.Errorf("models import: say by --as which model it is")}
		}
		store, err := a.store()
		if err != nil {
			return err
		}
		inspect := func(e registry.Entry, paths []string) error { // tries graphs before they are imported
			return embed.Inspect(cmd.Context(), a.settings.OrtLib, e, paths)
		}
		var placed []registry.Placed
		switch {
		case *spec != "":
			placed, err = store.ImportOwn(registry.Spec{Name: *as, Path: *spec, List: a.settings.ModelsFile}, inspect, args...)
		case *unpinned:
			placed, err = store.ImportUnpinned(*as, inspect, args...)
		default:
			placed, err = store.Import(*as, args...)
		}
		a.printPlaced(placed)
		return errors.Join(err, a.tellUnused(*as, placed))
	}
	return cmd
}

// tellUnused says of an imported file that another one of the model is used
// before it.
func (a *app) tellUnused(model string, placed []registry.Placed) error {
	if len(placed) == 0 {
		return nil
	}
	store, err := a.store() // which has seen what was imported
	if err != nil {
		return err
	}
	e, err := store.Model(model)
	if err != nil {
		return err
	}
	used, path, err := store.Installed(e)
	if err != nil || slices.ContainsFunc(used.All(), func(f registry.File) bool { return f.SHA256 == placed[0].File.SHA256 }) {
		return nil //nolint:nilerr // some of its files may be yet to come
	}
	fmt.Fprintf(a.errOut, "%s goes on using %s: to use the new file, remove that one, or import yours under a name of its own by --spec\n", e.Name, path)
	return nil
}
