package main

import (
	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
)

// modelFlags declares --model and the flags of detection. The Config lacks what
// withEmbedder adds.
func modelFlags(cmd *cobra.Command) *embed.Config {
	cfg := &embed.Config{}
	cmd.Flags().StringVar(&cfg.Recognizer, "model", "", "recogniser; default the best installed")
	detectionFlags(cmd, cfg)
	return cfg
}

// detectionFlags declares what a command that finds faces can be told of it.
func detectionFlags(cmd *cobra.Command, cfg *embed.Config) {
	flags := cmd.Flags()
	flags.StringVar(&cfg.Detector, "detector", "", "detector, see visage models list; default the best installed (auto)")
	flags.IntVar(&cfg.Options.Side, "detector-size", 0, "longer side of what the detector sees, in pixels: more finds smaller faces and takes longer; default the detector's own")
	flags.Float32Var(&cfg.Options.Confidence, "min-confidence", 0, "least confidence of a face, 0 to 1; default the detector's own")
	flags.BoolVar(&cfg.Passes.Thorough, "thorough", false, "always look twice, so that a face that fills the picture is found beside small ones")
	flags.BoolVar(&cfg.Passes.Turned, "turned", false, "look at photographs turned by 90, 180 and 270 degrees too, for those that lie on their side")
}
