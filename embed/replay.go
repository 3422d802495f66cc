package embed

import (
	"context"
	"slices"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// Replay is what the networks were given to embed one photograph.
type Replay struct {
	Width, Height int // of the photograph, in pixels
	runs          []networkRun
}

type networkRun struct {
	network detect.Network
	input   ort.Tensor
}

// Record embeds a photograph and notes what the networks are given. It needs an
// Embedder that was opened for Measure, and must not be called by several
// goroutines at once. A photograph without a face has a replay, too; other errors
// are those of Embed.
func (e *Embedder) Record(ctx context.Context, data []byte, which face.Choice) (Replay, error) {
	recorders := slices.Concat(e.recorders, e.recorded)
	stop := listen(recorders)
	photo, err := e.Embed(ctx, data, which)
	stop()
	if err != nil && face.CodeOf(err) != face.NoFace {
		return Replay{}, err
	}
	r := Replay{Width: photo.Width, Height: photo.Height}
	for _, recorded := range recorders {
		for _, input := range recorded.inputs {
			r.runs = append(r.runs, networkRun{recorded.Network, input})
		}
	}
	return r, nil
}

// Empty says that no network had a part in it.
func (r Replay) Empty() bool { return len(r.runs) == 0 }

// Run runs the networks alone on what they were given. Several goroutines may
// call it, until the Embedder is closed.
func (r Replay) Run(ctx context.Context) error {
	for _, n := range r.runs {
		if _, err := n.network.Run(ctx, n.input); err != nil {
			return face.Wrap(face.Internal, err, "run a network alone")
		}
	}
	return nil
}
