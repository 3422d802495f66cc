package main

import (
	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/bench"
)

func benchCommand(a *app) *cobra.Command {
	return group("bench", "Measure speed beside a limit or a peer", benchDetect(a), benchEmbed(a), benchAnalyze(a), benchIngest(a), benchImport(a), benchGallery(a), benchSearch(a), benchAPI(a))
}

// printBench prints a report as JSON or as a table.
func (a *app) printBench(results []bench.Result, asJSON bool) error {
	if asJSON {
		versions := map[string]string{"opencv": embed.OpenCVVersion()}
		if version, err := embed.OrtVersion(a.settings.OrtLib); err == nil {
			versions["onnxruntime"] = version
		}
		return printJSON(a.out, bench.Report{Machine: bench.ThisMachine(versions), Results: results})
	}
	rows := make([][]string, len(results))
	for i, r := range results {
		rows[i] = append(r.Text(), r.Notes)
	}
	return printTable(a.out, []string{"what", "speed", "reference", "ratio", "spread", "recall", "notes"}, rows)
}
