package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/visagedb/visage/embed/registry"
)

// pullAll downloads the preferred file of every model that lacks one, if it can
// be had, and tells first how much that is.
func (a *app) pullAll(ctx context.Context, store *registry.Store, how registry.Download, commercial bool) error {
	var list []wanted
	for _, e := range store.Entries() {
		f, ok := e.Preferred()
		if !ok || !f.Vouched() && !how.Unpinned || commercial && e.Commercial != "yes" {
			continue
		}
		if _, _, err := store.Installed(e); err == nil {
			continue
		}
		list = append(list, wanted{e, f})
	}
	fmt.Fprintln(a.errOut, total(list))
	var failed []error
	for _, w := range list {
		if err := a.pullOne(ctx, store, how, w); err != nil {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// total says how much there is to pull.
func total(list []wanted) string {
	var bytes int64
	unknown := 0
	for _, w := range list {
		if bytes += w.file.Estimate(); w.file.Estimate() == 0 {
			unknown++
		}
	}
	text := fmt.Sprintf("%d models to pull", len(list))
	if bytes > 0 {
		text += ", " + megabytes(0, bytes)
	}
	if unknown > 0 {
		text += fmt.Sprintf(", and %d of unknown size", unknown)
	}
	return text
}
