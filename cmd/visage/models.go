package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func modelsCommand(a *app) *cobra.Command {
	return group("models", "Show and fetch the models", modelsList(a), modelsShow(a), modelsPull(a), modelsVerify(a), modelsImport(a))
}

// listed is a model with what this machine has of it.
type listed struct {
	registry.Entry
	Default   bool   `json:"default"`
	Installed bool   `json:"installed"`
	Path      string `json:"path,omitempty"`
	Problem   string `json:"problem,omitempty"` // what is wrong with an installed file
}

// list looks up all models, or those of one name.
func list(store *registry.Store, name string) ([]listed, error) {
	var out []listed
	for _, e := range store.Entries() {
		if name != "" && !strings.EqualFold(e.Name, name) {
			continue
		}
		best, err := store.Default(e.Kind)
		if err != nil && face.CodeOf(err) != face.Unavailable {
			return nil, err
		}
		l := listed{Entry: e, Default: e.Name == best.Name, Installed: e.BuiltIn}
		if !e.BuiltIn {
			_, path, err := store.Installed(e)
			switch face.CodeOf(err) {
			case "":
				l.Installed, l.Path = true, path
			case face.Unavailable:
			case face.Mismatch:
				l.Problem = err.Error()
			default:
				return nil, err
			}
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, face.Errorf(face.NotFound, "no model is named %q: see visage models list", name)
	}
	return out, nil
}

func modelsList(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the models, the best of each kind first", Args: cobra.NoArgs, Example: "  visage models list"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(*cobra.Command, []string) error {
		store, err := a.store()
		if err != nil {
			return err
		}
		all, err := list(store, "")
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.out, map[string]any{"models": all})
		}
		rows := make([][]string, len(all))
		for i, l := range all {
			rows[i] = []string{l.Name, string(l.Kind), state(l), l.Commercial, l.Summary}
		}
		return printTable(a.out, []string{"model", "kind", "state", "commercial use", "what it is"}, rows)
	}
	return cmd
}

func state(l listed) string {
	word := "not installed"
	switch {
	case l.BuiltIn:
		word = "built in"
	case l.Problem != "":
		word = "damaged"
	case l.Installed:
		word = "installed"
	}
	if l.Default {
		word += ", default"
	}
	return word
}

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
		return a.printModel(found[0])
	}
	return cmd
}

func (a *app) printModel(l listed) error {
	fmt.Fprintf(a.out, "%s (%s), %s\n%s\nlicence     %s\ncommercial  %s\nsource      %s\n",
		l.Name, l.Kind, state(l), l.Summary, l.Licence, l.Commercial, l.Source)
	if l.Threshold != nil {
		fmt.Fprintf(a.out, "dimensions  %d\nthreshold   %s distance %.3f: %s\n", l.Dim, l.Threshold.Metric, l.Threshold.Distance, l.Threshold.Source)
	}
	if l.Problem != "" {
		fmt.Fprintf(a.out, "problem     %s\n", l.Problem)
	}
	for _, f := range l.Files {
		if _, err := fmt.Fprintf(a.out, "file        %s, %d bytes\n            sha256 %s\n            %s\n", f.Name, f.Bytes, f.SHA256, f.URL); err != nil {
			return err
		}
	}
	return nil
}

func modelsPull(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "pull NAME...", Short: "Download weights from their publishers", Args: cobra.MinimumNArgs(1),
		Long:    "Pull takes models' names (the preferred file of each) or names of files.\nA download that was cut short goes on where it ended; the hash is verified\nbefore the file is used.",
		Example: "  visage models pull yunet SFace",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		store, err := a.store()
		if err != nil {
			return err
		}
		for _, name := range args {
			e, f, err := pullable(store, name)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.errOut, "%s: %s, %d bytes; licence: %s; commercial use: %s\n", e.Name, f.Name, f.Bytes, e.Licence, e.Commercial)
			bar := newBar(a.errOut, "bytes")
			path, err := store.Pull(cmd.Context(), pullClient(), f, func(have, of int64) { bar.show(int(have), int(of), f.Name) })
			if err = errors.Join(err, bar.close()); err != nil {
				return err
			}
			fmt.Fprintln(a.out, path)
		}
		return nil
	}
	return cmd
}

// pullClient waits for a server that does not answer no longer than half a
// minute. It goes through the proxy that the environment names.
func pullClient() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 30 * time.Second}
	return &http.Client{Transport: transport}
}

// pullable finds a model, or one of its files, by name.
func pullable(store *registry.Store, name string) (registry.Entry, registry.File, error) {
	for _, e := range store.Entries() {
		if f, ok := e.FileNamed(name); ok {
			return e, f, nil
		}
	}
	found, err := list(store, name)
	if err != nil {
		return registry.Entry{}, registry.File{}, err
	}
	if found[0].BuiltIn {
		return registry.Entry{}, registry.File{}, face.Errorf(face.Invalid, "%s is built in: there is nothing to pull", found[0].Name)
	}
	return found[0].Entry, found[0].Files[0], nil
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
		if bad := slices.IndexFunc(checks, func(c registry.Check) bool { return !c.OK }); bad >= 0 && err == nil {
			return face.Errorf(face.Mismatch, "%s is damaged or another file: remove it and pull it again", checks[bad].Path)
		}
		return err
	}
	return cmd
}

func modelsImport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Copy a weights file into the home folder", Args: cobra.ExactArgs(1),
		Long:    "Import takes a file that the registry knows by its hash, whatever its name, as on\nmachines that can download nothing.",
		Example: "  visage models import /media/usb/yunet.onnx --as yunet",
	}
	as := cmd.Flags().String("as", "", "the model that it is")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *as == "" {
			return misuse{fmt.Errorf("models import: say by --as which model it is")}
		}
		store, err := a.store()
		if err != nil {
			return err
		}
		path, err := store.Import(args[0], *as)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, path)
		return err
	}
	return cmd
}
