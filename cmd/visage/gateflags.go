package main

import (
	"github.com/spf13/pflag"
	"github.com/visagedb/visage/ingest"
)

// gateFlags declares what a face needs to be enrolled.
func gateFlags(flags *pflag.FlagSet) *ingest.Gates {
	g := ingest.DefaultGates()
	flags.Float64Var(&g.MinSide, "min-face-size", g.MinSide, "least width and height of a face, in the photograph's pixels; 0 for any")
	flags.Float64Var(&g.MinConfidence, "min-face-confidence", g.MinConfidence, "least confidence of a found face, 0 to 1, below which it is reported; --min-confidence hides it from the detector")
	flags.Float64Var(&g.MinSharpness, "min-sharpness", g.MinSharpness, "least detail of a face, see docs/ingest.md; 0 for any")
	flags.Float64Var(&g.MaxResidual, "max-residual", g.MaxResidual, "how far landmarks may lie off a frontal face's, as a share of the eyes' distance; 0 for any")
	flags.Float64Var(&g.MinQuality, "min-quality", g.MinQuality, "least quality of a face, all in all, 0 to 1, see docs/quality.md; 0 for any")
	flags.StringVar((*string)(&g.Faces), "faces", string(g.Faces), "of a person's photograph that shows several faces: enrol the largest, all, or reject it")
	flags.BoolVar(&g.Live, "anti-spoofing", false, "enrol no pictures of faces, as far as a model of liveness finds them out")
	return &g
}
