package main

import (
	"context"
	"fmt"

	"github.com/visagedb/visage/internal/postgres"
)

// checkSlots tells of the programs for which the database keeps its log. One that is
// stopped for a while is nothing wrong; one that never comes back costs disk.
func checkSlots(ctx context.Context, db *postgres.DB) ([]finding, error) {
	slots, err := db.Slots(ctx)
	var findings []finding
	for _, s := range slots {
		f := finding{"slot", "ok", fmt.Sprintf("%s, followed, keeps %d MiB of the log", s.Name, s.Retained>>20)}
		switch {
		case s.Lost:
			f = finding{"slot", "warning", fmt.Sprintf("%s was given up, for it kept more of the log than max_slot_wal_keep_size: its program copies the templates anew when it starts. Where it never will, run SELECT pg_drop_replication_slot('%s')", s.Name, s.Name)}
		case !s.Active:
			f = finding{"slot", "warning", fmt.Sprintf("%s keeps %d MiB of the log for a program that does not run: start it, or, where it never will, run SELECT pg_drop_replication_slot('%s')", s.Name, s.Retained>>20, s.Name)}
		}
		findings = append(findings, f)
	}
	return findings, err
}
