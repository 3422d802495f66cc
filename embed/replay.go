package embed

import (
	"context"
	"slices"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
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
	batch   int // how many of such inputs go into one run at most
}

// Record embeds a photograph and notes what the networks are given. It needs an
// Embedder that was opened for Measure, and must not be called by several
// goroutines at once. A photograph without a face has a replay, too; other errors
// are those of Embed.
func (e *Embedder) Record(ctx context.Context, data []byte, which face.Choice) (Replay, error) {
	stop := listen(slices.Concat(e.recorders, e.recorded))
	photo, err := e.Embed(ctx, data, which)
	stop()
	if err != nil && face.CodeOf(err) != face.NoFace {
		return Replay{}, err
	}
	r := Replay{Width: photo.Width, Height: photo.Height}
	for _, detector := range e.recorders {
		r.add(detector, 1)
	}
	for _, recogniser := range e.recorded {
		r.add(recogniser, e.recognizer.(recognize.Batcher).Batch())
	}
	return r, nil
}

func (r *Replay) add(from *recorder, batch int) {
	for _, input := range from.inputs {
		r.runs = append(r.runs, networkRun{from.Network, input, batch})
	}
}

// Batched are the same runs, but those of recognisers whose graphs take several
// faces in whole batches, across photographs.
func Batched(replays []Replay) []Replay {
	var out []Replay
	waiting := map[detect.Network][]networkRun{}
	for _, r := range replays {
		alone := Replay{}
		for _, run := range r.runs {
			if run.batch == 1 {
				alone.runs = append(alone.runs, run)
				continue
			}
			waiting[run.network] = append(waiting[run.network], run)
		}
		out = append(out, alone)
	}
	for _, runs := range waiting {
		for some := range slices.Chunk(runs, runs[0].batch) {
			joined := some[0]
			joined.input = ort.Tensor{Shape: slices.Clone(joined.input.Shape)}
			joined.input.Shape[0] = 0
			for _, run := range some {
				joined.input.Shape[0] += run.input.Shape[0]
				joined.input.Data = append(joined.input.Data, run.input.Data...)
			}
			out = append(out, Replay{runs: []networkRun{joined}})
		}
	}
	return out
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
