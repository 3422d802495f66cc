package main

import (
	"github.com/spf13/pflag"

	"github.com/visagedb/visage/ingest"
)

// sourceFlags are those that say which files of DIR are meant.
func sourceFlags(flags *pflag.FlagSet, cfg *ingest.Config) {
	flags.StringArrayVar(&cfg.Include, "include", nil,
		`only files whose path below DIR matches, such as "**/*.jpg"; may be repeated`)
	flags.StringArrayVar(&cfg.Exclude, "exclude", nil,
		`no files or folders whose path below DIR matches, such as "**/thumbs"; may be repeated`)
}
