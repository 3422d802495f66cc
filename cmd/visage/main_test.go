package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/facedraw"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search"
)

// The parts fit the ports that they are used through.
var (
	_ ingest.Ledger   = (*postgres.DB)(nil)
	_ search.Gallery  = (*postgres.DB)(nil)
	_ httpapi.Keys    = (*postgres.DB)(nil)
	_ httpapi.Metrics = (*telemetry.Service)(nil)
	_ embed.Observer  = (*telemetry.Service)(nil)
)

// asVisage makes the test binary be the program, for tests that need a process
// of its own.
const asVisage = "VISAGE_TEST_BE_VISAGE"

func TestMain(m *testing.M) {
	if os.Getenv(asVisage) != "" {
		main()
		return
	}
	var err error
	if sampleRoot, err = os.MkdirTemp("", "visage-samples"); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(sampleRoot)
	os.Exit(code)
}

// sampleRoot is where samples draws; TestMain makes and removes it.
var sampleRoot string

// visage is the program with a database and a home of its own.
type visage struct {
	t     *testing.T
	flags []string
}

func newVisage(t *testing.T, flags ...string) visage {
	t.Helper()
	return visage{t, append([]string{"--home", t.TempDir(), "--database-url", pgtest.URL(t), "--log-level", "error"}, flags...)}
}

// url is the address of the program's database.
func (v visage) url() string { return v.flags[3] }

// builtIn picks the models that need no weights.
var builtIn = []string{"--model", "LBPH", "--detector", "opencv"}

// try runs a command and returns what it printed and its exit code.
func (v visage) try(args ...string) (out, errOut string, code int) {
	v.t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), append(args, v.flags...), &o, &e)
	return o.String(), e.String(), code
}

// do runs a command that must succeed and returns what it printed.
func (v visage) do(args ...string) string {
	v.t.Helper()
	out, errOut, code := v.try(args...)
	if code != exitDone {
		v.t.Fatalf("visage %q exits %d: %s%s", args, code, out, errOut)
	}
	return out
}

// answer runs a command with --json that must succeed, and reads its answer.
func answer[T any](v visage, args ...string) T {
	v.t.Helper()
	return parse[T](v.t, v.do(append(args, "--json")...))
}

func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var answer T
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return answer
}

// samples draws, once for all tests, three people: two photographs of each in
// people/<name>, a further one as <name>.jpg.
var samples = sync.OnceValues(func() (string, error) {
	dir := sampleRoot
	for _, s := range facedraw.Samples(3, 2, 1) {
		for i, view := range s.Enrolled {
			if err := drawSample(filepath.Join(dir, "people", s.Name, fmt.Sprintf("%d.jpg", i)), s, view); err != nil {
				return "", err
			}
		}
		if err := drawSample(filepath.Join(dir, s.Name+".jpg"), s, s.Probes[0]); err != nil {
			return "", err
		}
	}
	return dir, nil
})

func sampleName(person int) string { return fmt.Sprintf("sample-%02d", person+1) }

func sampleDir(t *testing.T) string {
	t.Helper()
	dir, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
