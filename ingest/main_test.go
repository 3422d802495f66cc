package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// lockedEnv makes the test program run the scenario of locked_test.go in the
// folder that it names, and nothing else.
const lockedEnv = "INGEST_TEST_LOCKED"

func TestMain(m *testing.M) {
	if dir := os.Getenv(lockedEnv); dir != "" {
		got, err := locked(dir)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(got)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
