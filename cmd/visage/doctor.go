package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// finding is one line of the doctor's report.
type finding struct {
	Part   string `json:"part"`
	State  string `json:"state"` // "ok", "warning" or "broken"
	Detail string `json:"detail"`
}

func doctorCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check all parts and say what to do", Args: cobra.NoArgs,
		Long:    "Doctor checks Postgres, pgvector, ONNX Runtime, OpenCV, models and threads.\nIt fails if a part that is needed does not work.",
		Example: "  visage doctor",
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		findings := append(a.checkEmbedding(), a.checkDatabase(cmd.Context())...)
		if *asJSON {
			if err := printJSON(a.out, map[string]any{"findings": findings}); err != nil {
				return err
			}
		}
		broken := 0
		for _, f := range findings {
			if f.State == "broken" {
				broken++
			}
			if !*asJSON {
				fmt.Fprintf(a.out, "%-8s %-13s %s\n", f.State, f.Part, f.Detail)
			}
		}
		if broken > 0 {
			return face.Errorf(face.Unavailable, "%d of %d parts do not work", broken, len(findings))
		}
		return nil
	}
	return cmd
}

// result is a finding that is ok with a detail, or not with an error.
func result(part, detail, otherwise string, err error) finding {
	if err != nil {
		return finding{part, otherwise, explain(err)}
	}
	return finding{part, "ok", detail}
}

func (a *app) checkEmbedding() []finding {
	findings := []finding{
		{"Visage", "ok", fmt.Sprintf("%s, home %s", version, a.settings.Home)},
		{"threads", "ok", fmt.Sprintf("%d processors for Go, %d on the machine", runtime.GOMAXPROCS(0), runtime.NumCPU())},
		{"OpenCV", "ok", embed.OpenCVVersion()},
	}
	ort, err := embed.OrtVersion(a.settings.OrtLib)
	// The built-in models do without it.
	findings = append(findings, result("ONNX Runtime", ort+", "+a.settings.OrtLib, "warning", err))
	store, err := a.store()
	if err != nil {
		return append(findings, result("models", "", "broken", err))
	}
	checks, err := store.Verify()
	findings = append(findings, result("weights", fmt.Sprintf("%d files", len(checks)), "broken", err))
	for _, problem := range store.Problems() {
		findings = append(findings, finding{"weights", "warning", explain(problem)})
	}
	return append(findings, a.checkModels())
}

func (a *app) checkModels() finding {
	f := finding{Part: "models", State: "ok"}
	err := a.withEmbedder(embed.Config{}, func(e *embed.Embedder) error {
		f.Detail = fmt.Sprintf("detector %s, recogniser %s", e.Detector(), e.Recognizer())
		if e.Recognizer() == "LBPH" {
			f.State = "warning"
			f.Detail += ", which is weak: run `visage models pull yunet SFace`, or name a folder with weights by --models"
		}
		return nil
	})
	if err != nil {
		return finding{"models", "broken", explain(err)}
	}
	return f
}

func (a *app) checkDatabase(ctx context.Context) []finding {
	where := "private, in " + a.settings.Home
	if a.settings.DatabaseURL != "" {
		where = "as the database URL says"
	}
	var findings []finding
	err := a.withRawDatabase(ctx, func(db *postgres.DB) error {
		schema := a.seeToSchema(ctx, db)
		health, err := db.Health(ctx)
		if err != nil {
			return err
		}
		spaces, err := checkSpaces(ctx, db)
		if err != nil && schema == nil {
			return err
		}
		findings = append(findings,
			finding{"Postgres", "ok", health.Server + ", " + where},
			result("schema", fmt.Sprintf("version %d of %d", health.Schema, health.Latest), "broken", schema),
			checkPgvector(health))
		slots, err := checkSlots(ctx, db)
		if err != nil {
			return err
		}
		findings = append(findings, spaces...)
		findings = append(findings, slots...)
		if a.settings.ReplicaURL != "" {
			findings = append(findings, checkReplica(ctx, db))
		}
		return nil
	})
	if err != nil {
		findings = append(findings, finding{"Postgres", "broken", explain(err)})
	}
	return findings
}

// checkReplica says how far behind the replica is. One that cannot be read is no
// more than a warning: the primary answers in its stead.
func checkReplica(ctx context.Context, db *postgres.DB) finding {
	h, err := db.Replica(ctx)
	return result("replica", fmt.Sprintf("%s, %d bytes and %.1f s behind", h.Server, h.BytesBehind, h.SecondsBehind), "warning", err)
}

func checkSpaces(ctx context.Context, db *postgres.DB) ([]finding, error) {
	spaces, err := db.Indexes(ctx)
	if err != nil {
		return nil, err
	}
	unindexed, err := db.Unindexed(ctx)
	if err != nil {
		return nil, err
	}
	var findings []finding
	for _, s := range spaces {
		f := finding{"space", "ok", fmt.Sprintf("%s, %d dimensions", s.Name, s.Dim)}
		if slices.Contains(unindexed, s.Space) {
			f.State = "warning"
			f.Detail += ", has no index and is searched exactly, which is slow once it is large: an import into it runs, or was cut short, or its index was dropped or never built. Run `visage import vectors` with the same file and --space again, to its end, which builds the index, or `visage index build --space " + s.Name + "`"
		}
		for _, i := range s.Indexes {
			if i.Stale {
				f.State = "warning"
				f.Detail += fmt.Sprintf(", has grown from %d to %d templates since the recall of %s was measured, which is no longer relied on: run `visage index recall --space %s --metric %s`",
					i.Recall.Rows, s.Rows, i.Name, s.Name, i.Metric)
			}
		}
		findings = append(findings, f)
	}
	return findings, nil
}

func checkPgvector(health postgres.Health) finding {
	switch {
	case health.Pgvector == "":
		return finding{"pgvector", "broken", "the extension vector is not in this database: run visage migrate up"}
	case len(health.Defects) > 0:
		return finding{"pgvector", "warning", fmt.Sprintf("%s has known defects (%s or later has none): %[3]s. Visage builds its indexes without parallel workers; where your distribution has no newer one, name a server that has by --database-url, or use docker-compose.yml",
			health.Pgvector, postgres.RecommendedPgvector, strings.Join(health.Defects, "; "))}
	default:
		return finding{"pgvector", "ok", health.Pgvector}
	}
}
