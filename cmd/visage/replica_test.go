package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/search"
)

// With --replica-url find is answered by a streaming replica while there is one, and
// without it where that is gone; the doctor says how far behind it is.
func TestFindOnAReplica(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	v, url := privateVisage(t)
	v.do(with(builtIn, "ingest", filepath.Join(dir, "people"))...)
	standby := pgtest.NewStandby(t, url)
	standby.CatchUp(url)
	on := visage{t, append([]string{}, v.flags...)}
	on.flags = append(on.flags, "--replica-url", standby.URL)
	find := func() string {
		out, errOut, code := on.try(with(builtIn, "find", filepath.Join(dir, sampleName(1)+".jpg"), "--json")...)
		if code != exitDone {
			t.Fatalf("find exits %d: %s", code, errOut)
		}
		found := parse[search.FindResult](t, out)
		if len(found.Results) != 1 || len(found.Results[0]) == 0 || found.Results[0][0].Identity != sampleName(1) {
			t.Errorf("found %s", out)
		}
		return errOut
	}
	if said := find(); said != "" {
		t.Errorf("with a replica, find says %s", said)
	}
	replica := func() string {
		_, of, _ := strings.Cut(on.do("doctor"), " replica ")
		line, _, _ := strings.Cut(of, "\n")
		return line
	}
	if said := replica(); !strings.Contains(said, " s behind") {
		t.Errorf("of the replica the doctor says %q", said)
	}
	standby.Kill()
	if said := find(); strings.Count(said, "the replica is not searched") != 1 {
		t.Errorf("without its replica, find says %s", said)
	}
	if said := replica(); said == "" || strings.Contains(said, "behind") {
		t.Errorf("of a dead replica the doctor says %q", said)
	}
}
