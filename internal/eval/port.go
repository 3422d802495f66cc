package eval

import (
	"context"
	"runtime"

	"github.com/visagedb/visage/internal/face"
)

// Embedder turns a photograph's bytes into templates. It is called from
// several goroutines at once. What it says of one photograph (the codes from
// face.NoFace to face.Vanished, and face.Internal where this one photograph
// failed for another reason) is counted as a failure to acquire; any other
// error ends the evaluation.
type Embedder interface {
	Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error)
}

// Config says how an evaluation is done.
type Config struct {
	Embedder Embedder // required
	// Detector is the name that the report gives for the detector.
	Detector string
	// Metric is the distance. Defaults to face.Cosine.
	Metric face.Metric
	// Threshold is the operating point to report, the model's own or another;
	// it may be in another metric, where it can be converted. Verify leaves the
	// point out for the zero value, Identify requires one.
	Threshold face.Threshold
	// Workers is how many photographs are embedded at once. Defaults to the
	// number of processors that Go may use.
	Workers int
	// Progress, if not nil, is told after every photograph how many of how many
	// are done; its calls do not overlap.
	Progress func(done, total int)
}

func (c Config) withDefaults() Config {
	if c.Metric == "" {
		c.Metric = face.Cosine
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	return c
}

func (c Config) validate() error {
	if c.Embedder == nil {
		return face.Errorf(face.Invalid, "eval.Config.Embedder is missing")
	}
	if c.Workers < 1 {
		return face.Errorf(face.Invalid, "eval.Config.Workers is %d: give at least 1", c.Workers)
	}
	_, err := face.ParseMetric(string(c.Metric))
	return err
}
