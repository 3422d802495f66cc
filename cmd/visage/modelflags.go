package main

import (
	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
)

// modelFlags declares --model, how faces are prepared for it, and the flags of
// detection. The Config lacks what withEmbedder adds.
func modelFlags(cmd *cobra.Command) *embed.Config {
	cfg := &embed.Config{}
	flags := cmd.Flags()
	flags.StringVar(&cfg.Recognizer, "model", "", "recogniser, see visage models list; default the best installed")
	flags.StringVar((*string)(&cfg.Normalization), "normalization", "", "how the profile deepface scales pixels: base, raw, Facenet, Facenet2018, VGGFace, VGGFace2 or ArcFace; default base")
	flags.StringVar(&cfg.Device, "device", "cpu", "what runs the networks: cpu, cuda or cuda:N")
	profileFlags(cmd, cfg)
	flags.Lookup("profile").Usage = "how faces are prepared: native, as the model's authors do, or deepface, as DeepFace does; default the model's own, see visage models show"
	detectionFlags(cmd, cfg)
	return cfg
}

// profileFlags declares how faces are cut out.
func profileFlags(cmd *cobra.Command, cfg *embed.Config) {
	flags := cmd.Flags()
	flags.StringVar((*string)(&cfg.Options.Profile), "profile", "", "native, or deepface to detect and cut as DeepFace does; default native")
	flags.BoolVar(&cfg.Crop.Unaligned, "no-align", false, "take the detector's box as it is")
	flags.IntVar(&cfg.Crop.Expand, "expand", 0, "percent by which a box grows that is not aligned by landmarks")
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
