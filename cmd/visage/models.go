package main

import (
	"fmt"

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
	Default   bool     `json:"default"`
	Installed bool     `json:"installed"`
	Path      string   `json:"path,omitempty"`     // of the file that is used
	Parts     []string `json:"parts,omitempty"`    // where its parts lie
	Unpinned  bool     `json:"unpinned,omitempty"` // no publisher vouches for the hash of what is installed
	Bytes     int64    `json:"bytes,omitempty"`    // of what is installed, or else of what would be pulled
	About     int64    `json:"about,omitempty"`    // bytes, nearly, where Bytes are unknown
	Problem   string   `json:"problem,omitempty"`  // what is wrong with an installed file
}

// list looks up the model of a name or alias, or all models for no name.
func list(store *registry.Store, name string) ([]listed, error) {
	entries := store.Entries()
	if name != "" {
		e, err := store.Model(name)
		if err != nil {
			return nil, err
		}
		entries = []registry.Entry{e}
	}
	var out []listed
	for _, e := range entries {
		l, err := lookUp(store, e)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// lookUp finds out what this machine has of a model.
func lookUp(store *registry.Store, e registry.Entry) (listed, error) {
	best, err := store.Default(e.Kind)
	if err != nil && face.CodeOf(err) != face.Unavailable {
		return listed{}, err
	}
	l := listed{Entry: e, Default: e.Name == best.Name, Installed: e.BuiltIn}
	if e.BuiltIn {
		return l, nil
	}
	f, _, err := store.Installed(e)
	switch face.CodeOf(err) {
	case "":
		paths, err := store.Paths(e, f)
		if err != nil {
			return listed{}, err
		}
		l.Installed, l.Path, l.Parts, l.Bytes = true, paths[0], paths[1:], f.Size()
		for _, part := range f.All() {
			l.Unpinned = l.Unpinned || part.Unpinned
		}
		return l, nil
	case face.Unavailable:
	case face.Mismatch:
		l.Problem = err.Error()
	default:
		return listed{}, err
	}
	wanted, ok := e.Preferred()
	if !ok && len(e.Files) > 0 {
		wanted = e.Files[0]
	}
	if l.Bytes = wanted.Size(); l.Bytes == 0 {
		l.About = wanted.Estimate()
	}
	return l, nil
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
			rows[i] = []string{l.Name, string(l.Kind), state(l), l.size(), l.Commercial, dimensions(l.Entry), l.Summary}
		}
		return printTable(a.out, []string{"model", "kind", "state", "size", "commercial", "dim", "what it is"}, rows)
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
	case l.Unpinned:
		word = "installed, unpinned"
	case l.Installed:
		word = "installed"
	}
	if l.Default {
		word += ", default"
	}
	return word
}

// dimensions are those of a recogniser's embeddings.
func dimensions(e registry.Entry) string {
	if e.Recognition == nil {
		return ""
	}
	return fmt.Sprint(e.Recognition.Dim)
}

// size is a model's, as people read it.
func (l listed) size() string {
	if l.BuiltIn {
		return "none"
	}
	return megabytes(l.Bytes, l.About)
}

// megabytes, of a million bytes, are those of bytes, or else nearly of about.
func megabytes(bytes, about int64) string {
	switch {
	case bytes > 0:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	case about > 0:
		return fmt.Sprintf("~%.0f MB", float64(about)/1e6)
	default:
		return "unknown"
	}
}
