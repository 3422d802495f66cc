package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func modelsPull(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "pull NAME...", Short: "Download weights from their publishers", Args: cobra.ArbitraryArgs,
		Long: "Pull takes models' names (the preferred file of each) or names of files.\nA download that was cut short goes on where it ended; the hash is verified\nbefore the file is used. One that cannot be had does not keep the others from\ncoming, and what is installed already stays as it is.\n\n" +
			"Some publishers give no hash. Their files are pulled with --unpinned only: what\ncomes first is trusted, its hash is recorded in models/pins.yaml in the home\nfolder, and from then on any other content is refused.\n\n" +
			"With --all it takes every model that is not installed yet.",
		Example: "  visage models pull yunet SFace\n  visage models pull --all --commercial",
	}
	unpinned := cmd.Flags().Bool("unpinned", false, "also take files whose publishers give no hash, on trust")
	all := cmd.Flags().Bool("all", false, "pull all models")
	commercial := cmd.Flags().Bool("commercial", false, "with --all, only models whose licence allows commercial use")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *all != (len(args) == 0) || *commercial && !*all {
			return misuse{errors.New("models pull: name the models, or say --all, with which --commercial may go")}
		}
		store, err := a.store()
		if err != nil {
			return err
		}
		how := registry.Download{Client: pullClient(), Unpinned: *unpinned}
		if *all {
			return a.pullAll(cmd.Context(), store, how, *commercial)
		}
		return a.pullModels(cmd.Context(), store, how, args)
	}
	return cmd
}

// wanted is a file to pull.
type wanted struct {
	entry registry.Entry
	file  registry.File
}

// pullModels downloads by names of models and files.
func (a *app) pullModels(ctx context.Context, store *registry.Store, how registry.Download, names []string) error {
	wants := make([]wanted, len(names))
	for i, name := range names {
		var err error
		if wants[i], err = pullable(store, name); err != nil {
			return err
		}
	}
	var errs []error
	for _, w := range wants { // one that cannot be had does not keep the others from coming
		errs = append(errs, a.pullOne(ctx, store, how, w))
	}
	return errors.Join(errs...)
}

// pullOne downloads one file, shows how far it is, and prints where it lies.
func (a *app) pullOne(ctx context.Context, store *registry.Store, how registry.Download, w wanted) error {
	e, f := w.entry, w.file
	if paths, err := store.Paths(e, f); err == nil {
		fmt.Fprintf(a.errOut, "%s is installed\n", e.Name)
		_, err := fmt.Fprintln(a.out, strings.Join(paths, "\n"))
		return err
	}
	fmt.Fprintf(a.errOut, "%s: %s, size %s; licence: %s; commercial use: %s\n", e.Name, f.Name, megabytes(f.Size(), f.Estimate()), e.Licence, e.Commercial)
	bar := newBar(a.errOut, "bytes")
	how.Progress = func(f registry.File, have, of int64) { bar.show(int(have), int(of), f.Name) }
	placed, err := store.Pull(ctx, e, f, how)
	if face.CodeOf(err) == face.Unavailable {
		err = face.Wrap(face.Unavailable, err, "%s could not be pulled; without a network, name a folder that has the weights by --models, or see visage models import", e.Name)
	}
	err = errors.Join(err, bar.close())
	a.printPlaced(placed)
	return err
}

// printPlaced prints where weights lie by now, and what was recorded of them.
func (a *app) printPlaced(placed []registry.Placed) {
	for _, p := range placed {
		switch {
		case p.First && p.File.Vouch() == registry.ByNobody:
			fmt.Fprintf(a.errOut, "%s: nobody vouches for it; recorded SHA-256 %s, which is required from now on\n", p.File.Name, p.File.SHA256)
		case p.First:
			fmt.Fprintf(a.errOut, "%s: verified by its %s; recorded SHA-256 %s\n", p.File.Name, p.File.Vouch(), p.File.SHA256)
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
func pullable(store *registry.Store, name string) (wanted, error) {
	for _, e := range store.Entries() {
		if f, ok := e.FileNamed(name); ok {
			return wanted{e, f}, nil
		}
	}
	e, err := store.Model(name)
	if err != nil {
		return wanted{}, err
	}
	f, ok := e.Preferred()
	switch {
	case e.BuiltIn:
		return wanted{}, face.Errorf(face.Invalid, "%s is built in: there is nothing to pull", e.Name)
	case e.Own:
		return wanted{}, face.Errorf(face.Invalid, "%s is a model of your own: there is nothing to pull; run `visage models import FILE --as %[1]s --unpinned`", e.Name)
	case !ok:
		f = e.Files[0] // which Pull refuses, saying how to get it
	}
	return wanted{e, f}, nil
}
