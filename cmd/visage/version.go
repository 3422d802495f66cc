package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
)

func versionCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Example: "  visage version --json",
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(*cobra.Command, []string) error {
		if *asJSON {
			return printJSON(a.out, map[string]string{
				"version": version, "go": runtime.Version(), "opencv": embed.OpenCVVersion(),
			})
		}
		_, err := fmt.Fprintf(a.out, "visage %s (%s, OpenCV %s)\n", version, runtime.Version(), embed.OpenCVVersion())
		return err
	}
	return cmd
}
