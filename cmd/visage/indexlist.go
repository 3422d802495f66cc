package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/postgres"
)

func indexList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the spaces with their indexes", Args: cobra.NoArgs,
		Long: "Share is a space's part of all templates. Spaces without an index are searched exactly, which\n" +
			"misses nobody and is slow once they are large.",
		Example: "  visage index list",
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			spaces, err := db.Indexes(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"spaces": spaces})
			}
			var rows [][]string
			for _, s := range spaces {
				rows = append(rows, indexRows(s)...)
			}
			return printTable(a.out, []string{"space", "rows", "share", "index", "metric", "kind", "state", "size", "recall"}, rows)
		})
	}
	return cmd
}

// indexRows are a space's lines of the list: one for each index, or for none.
func indexRows(s postgres.SpaceIndexes) [][]string {
	start := []string{s.Name, strconv.FormatInt(s.Rows, 10), fmt.Sprintf("%.0f %%", 100*s.Share)}
	if len(s.Indexes) == 0 {
		why := "none: visage index build makes one"
		if least := postgres.LeastTemplates(s.Dim); s.Rows < least {
			why = fmt.Sprintf("none: visage index build makes one of %d rows or more", least)
		}
		return [][]string{append(start, why, "", "", "searched exactly", "", "")}
	}
	var rows [][]string
	for _, i := range s.Indexes {
		state := "valid"
		switch {
		case i.Building:
			state = "being built"
		case !i.Valid:
			state = "unusable: visage index build replaces it"
		}
		rows = append(rows, append(start[:3:3], i.Name, string(i.Metric), i.Kind, state, bytesText(i.Bytes), recallText(i)))
	}
	return rows
}

// recallText says what is known of an index's recall.
func recallText(i postgres.Index) string {
	switch {
	case i.Recall == nil:
		return "not measured"
	case i.Stale:
		return fmt.Sprintf("stale, measured on %d rows: visage index recall", i.Recall.Rows)
	default:
		best := i.Recall.Points[len(i.Recall.Points)-1]
		return fmt.Sprintf("up to %.3f, surely %.3f, measured on %d rows", best.Estimate(), best.Promise, i.Recall.Rows)
	}
}
