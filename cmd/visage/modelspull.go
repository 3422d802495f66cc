package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func modelsPull(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "pull NAME...", Short: "Download weights from their publishers", Args: cobra.MinimumNArgs(1),
		Long: "Pull takes models' names (the preferred file of each) or names of files.\nA download that was cut short goes on where it ended; the hash is verified\nbefore the file is used.\n\n" +
			"Some publishers give no hash. Their files are pulled with --unpinned only: what\ncomes first is trusted, its hash is recorded in models/pins.yaml in the home\nfolder, and from then on any other content is refused.",
		Example: "  visage models pull yunet SFace",
	}
	unpinned := cmd.Flags().Bool("unpinned", false, "also take files whose publishers give no hash, on trust")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		store, err := a.store()
		if err != nil {
			return err
		}
		return a.pullModels(cmd.Context(), store, registry.Download{Client: pullClient(), Unpinned: *unpinned}, args)
	}
	return cmd
}

// pullModels downloads by names of models and files, shows how far each is, and
// prints where it lies.
func (a *app) pullModels(ctx context.Context, store *registry.Store, how registry.Download, names []string) error {
	for _, name := range names {
		e, f, err := pullable(store, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.errOut, "%s: %s, size %s; licence: %s; commercial use: %s\n", e.Name, f.Name, size(listed{Bytes: f.Size()}), e.Licence, e.Commercial)
		bar := newBar(a.errOut, "bytes")
		how.Progress = func(f registry.File, have, of int64) { bar.show(int(have), int(of), f.Name) }
		placed, err := store.Pull(ctx, e, f, how)
		err = errors.Join(err, bar.close())
		a.printPlaced(placed)
		if err != nil {
			return err
		}
	}
	return nil
}

// printPlaced prints where weights lie by now, and what was recorded of them.
func (a *app) printPlaced(placed []registry.Placed) {
	for _, p := range placed {
		if p.First {
			fmt.Fprintf(a.errOut, "%s: nobody vouches for it; recorded SHA-256 %s, which is required from now on\n", p.File.Name, p.File.SHA256)
		}
		fmt.Fprintln(a.out, p.Path)
	}
}

// pullClient waits for a server that does not answer no longer than half a
// minute. It goes through the proxy that the environment names.
func pullClient() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 30 * time.Second, TLSHandshakeTimeout: 30 * time.Second}
	return &http.Client{Transport: transport}
}

// pullable finds a model, or one of its files, by name.
func pullable(store *registry.Store, name string) (registry.Entry, registry.File, error) {
	for _, e := range store.Entries() {
		if f, ok := e.FileNamed(name); ok {
			return e, f, nil
		}
	}
	e, err := store.Model(name)
	if err != nil {
		return registry.Entry{}, registry.File{}, err
	}
	if e.BuiltIn {
		return registry.Entry{}, registry.File{}, face.Errorf(face.Invalid, "%s is built in: there is nothing to pull", e.Name)
	}
	f, ok := e.Preferred()
	if !ok {
		f = e.Files[0] // which Pull refuses, saying how to get it
	}
	return e, f, nil
}
