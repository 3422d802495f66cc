package embed

import (
	"context"
	"errors"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// MeasureCrops cuts the faces out of photographs, at least one and so many that
// they fill whole batches, and embeds them several times from their crops,
// batch by batch. In turn it runs the recogniser's network alone on the very
// inputs that it gave it. It needs an Embedder that was opened for it, and that
// has one worker. It returns how many faces each round embeds. A photograph
// without a face is left out; other errors are those of Embed.
func (e *Embedder) MeasureCrops(ctx context.Context, photos [][]byte, batch, rounds int) (faces int, measured []Round, err error) {
	if e.recognizer == nil {
		return 0, nil, face.Errorf(face.Invalid, "this embedder was opened without a recogniser")
	}
	var cuts []cut
	defer func() { err = errors.Join(err, closeCuts(cuts)) }()
	for _, data := range photos {
		some, err := e.cutAll(ctx, data)
		if err != nil && face.CodeOf(err) != face.NoFace {
			return 0, nil, err
		}
		cuts = append(cuts, some...)
	}
	whole := len(cuts) / batch * batch
	if whole == 0 {
		return 0, nil, face.Errorf(face.NoFace, "the photographs hold %d faces: too few to fill a batch of %d", len(cuts), batch)
	}
	measured, err = e.measureCrops(ctx, cuts[:whole], batch, rounds)
	return whole, measured, err
}

func (e *Embedder) cutAll(ctx context.Context, data []byte) (cuts []cut, err error) {
	s, err := e.look(ctx, data, face.AllFaces)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.some(0, 0, min(chunk, s.faces))
}

// measureCrops times each batch and, right after it, the network on its inputs,
// so that both meet with the same moods of the machine.
func (e *Embedder) measureCrops(ctx context.Context, cuts []cut, batch, rounds int) ([]Round, error) {
	measured := make([]Round, rounds)
	for from := 0; from < len(cuts); from += batch {
		some := cuts[from : from+batch]
		stop := listen(e.recorded)
		_, err := e.alone(ctx, some)
		stop()
		for i := 0; err == nil && i < rounds; i++ {
			err = e.timeCrops(ctx, some, &measured[i])
		}
		if err != nil {
			return nil, internal(ctx, err, "recognise a face with "+e.entry.Name)
		}
	}
	return measured, nil
}

// alone is vectors for a caller that has no processor.
func (e *Embedder) alone(ctx context.Context, cuts []cut) ([][]float32, error) {
	mine := turn{of: e.turns}
	defer mine.giveBack()
	return e.vectors(ctx, &mine, cuts)
}

// timeCrops adds the times of one batch to a round.
func (e *Embedder) timeCrops(ctx context.Context, cuts []cut, to *Round) error {
	start := time.Now()
	if _, err := e.alone(ctx, cuts); err != nil {
		return err
	}
	to.EndToEnd += time.Since(start)
	network, err := replay(ctx, e.recorded)
	to.Network += network
	return err
}
