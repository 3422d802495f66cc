package main

import (
	"github.com/spf13/pflag"

	"github.com/visagedb/visage/ingest"
)

// sourceFlags are those that say which files of DIR are meant.
func sourceFlags(flags *pflag.FlagSet, cfg *ingest.Config) {
	flags.StringVar(&cfg.Manifest, "manifest", "",
		"CSV file with the columns path, identity and optionally metadata, which is ingested instead of all of DIR")
	flags.StringArrayVar(&cfg.Include, "include", nil,
		`only files whose path below DIR matches, such as "**/*.jpg"; may be repeated`)
	flags.StringArrayVar(&cfg.Exclude, "exclude", nil,
		`no files or folders whose path below DIR matches, such as "**/thumbs"; may be repeated`)
}
