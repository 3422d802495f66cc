package main

import (
	"github.com/spf13/pflag"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
)

// everyAttribute is what --analyze stands for where nothing is named.
const everyAttribute = "all"

// analyzedFlag declares which attributes an ingest stores with the faces.
func analyzedFlag(flags *pflag.FlagSet, cfg *embed.Config) *[]string {
	named := flags.StringSlice("analyze", nil, "store attributes of the faces: --analyze those for which a model is installed, or --analyze=age,gender some of emotion, age, gender and race")
	flags.Lookup("analyze").NoOptDefVal = everyAttribute
	flags.StringSliceVar(&cfg.AttributeModels, "attribute-models", nil, "models to use for the attributes that they estimate; default the best installed")
	return named
}

// analyzed reads that flag; nil where it was not given.
func (a *app) analyzed(named []string) ([]face.Attribute, error) {
	switch {
	case len(named) == 0:
		return nil, nil
	case len(named) == 1 && named[0] == everyAttribute:
		return a.installedAttributes()
	default:
		return a.attributesOf("ingest: --analyze", named)
	}
}
