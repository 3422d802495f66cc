package queue

import (
	"testing"

	"go.uber.org/goleak"
)

// No worker leaves anything running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
