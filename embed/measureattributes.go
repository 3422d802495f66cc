package embed

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// MeasureAttributes finds the faces of photographs, at least one and so many that
// they fill whole batches, and estimates all attributes of the Config several times,
// batch by batch, from the decoded photographs on. In turn it runs the networks alone,
// one after the other, on the very inputs that they were given. It needs an Embedder
// that was opened for it. It returns how many faces each round is about. A photograph
// without a face is left out; other errors are those of Analyze.
func (e *Embedder) MeasureAttributes(ctx context.Context, photos [][]byte, batch, rounds int) (faces int, measured []Round, err error) {
	if len(e.estimators) == 0 {
		return 0, nil, face.Errorf(face.Invalid, "this embedder was opened without a model of attributes")
	}
	measured = make([]Round, rounds)
	var open []*view
	defer func() { err = errors.Join(err, closeViews(open)) }()
	var waiting []viewed
	for _, data := range photos {
		v, err := e.view(ctx, data, face.AllFaces)
		if face.CodeOf(err) == face.NoFace {
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		open, waiting = append(open, v), append(waiting, v.faces()...)
		for ; len(waiting) >= batch; faces, waiting = faces+batch, waiting[batch:] {
			if err := e.measureAttributes(ctx, waiting[:batch], measured); err != nil {
				return 0, nil, err
			}
		}
		done := len(open)
		if len(waiting) > 0 {
			done = slices.Index(open, waiting[0].in)
		}
		if err := closeViews(open[:done]); err != nil {
			return 0, nil, err
		}
		open = open[done:]
	}
	if faces == 0 {
		return 0, nil, face.Errorf(face.NoFace, "the photographs hold %d faces: too few to fill a batch of %d", len(waiting), batch)
	}
	return faces, measured, nil
}

func closeViews(views []*view) error {
	var errs []error
	for _, v := range views {
		errs = append(errs, v.picture.Close())
	}
	return errors.Join(errs...)
}

// measureAttributes adds the times of one batch to each round: right after the
// attributes, the networks alone.
func (e *Embedder) measureAttributes(ctx context.Context, faces []viewed, rounds []Round) error {
	asked := Asked{Attributes: e.cfg.Attributes}
	stop := listen(e.attributed)
	_, err := e.analyzeSome(ctx, faces, asked)
	stop()
	if err != nil {
		return err
	}
	for i := range rounds {
		start := time.Now()
		if _, err := e.analyzeSome(ctx, faces, asked); err != nil {
			return err
		}
		rounds[i].EndToEnd += time.Since(start)
		networks, err := replay(ctx, e.attributed)
		if err != nil {
			return internal(ctx, err, "run the networks of attributes")
		}
		rounds[i].Network += networks
	}
	return nil
}
