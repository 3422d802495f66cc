package main

import (
	"context"
	"fmt"

	"github.com/visagedb/visage/internal/photo"
)

// imageHelp says in a command's help what a photograph is named by.
const imageHelp = `
A photograph is named by its file's path, by - for the standard input, by a data
URI such as data:image/jpeg;base64,... or by an http or https URL, which must lead
to a public address without a proxy.`

// readPhoto reads a photograph that was named on the command line.
func readPhoto(ctx context.Context, name string) ([]byte, error) {
	reader, err := photo.New(photo.Config{Kinds: []photo.Kind{photo.File, photo.Stdin, photo.Inline, photo.URL}})
	if err != nil {
		return nil, err
	}
	return reader.Read(ctx, name)
}

// readFile reads a photograph that was found in a folder or in the database.
func readFile(path string) ([]byte, error) {
	reader, err := photo.New(photo.Config{Kinds: []photo.Kind{photo.File}})
	if err != nil {
		return nil, err
	}
	return reader.File(path)
}

// aboutPhoto puts before an error which photograph it is about.
func aboutPhoto(name string, err error) error { return fmt.Errorf("%s: %w", photo.Name(name), err) }
