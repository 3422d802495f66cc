package embed

import (
	"context"
	"time"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// Measured is how long the faces of one photograph took to find.
type Measured struct {
	Width, Height int // of the photograph, in pixels
	Rounds        []Round
}

// Round is one time of several.
type Round struct {
	EndToEnd time.Duration // from the encoded photograph to the faces
	Network  time.Duration // of that, the networks alone; 0 where there are none
}

// Measure finds the faces of a photograph several times, and in turn runs the
// detector's networks alone on the very inputs that it gave them. It needs an
// Embedder that was opened for it. A photograph without a face counts too;
// other errors are those of Embed.
func (e *Embedder) Measure(ctx context.Context, data []byte, rounds int) (Measured, error) {
	m := Measured{Rounds: make([]Round, rounds)}
	var err error
	if m.Width, m.Height, err = e.record(ctx, data); err != nil {
		return Measured{}, err
	}
	for i := range m.Rounds {
		start := time.Now()
		if _, _, err := e.detectOnly(ctx, data); err != nil {
			return Measured{}, err
		}
		m.Rounds[i].EndToEnd = time.Since(start)
		if m.Rounds[i].Network, err = replay(ctx, e.recorders); err != nil {
			return Measured{}, internal(ctx, err, "run the network of "+e.detectorName)
		}
	}
	return m, nil
}

// replay runs networks alone; it takes no time where there are none.
func replay(ctx context.Context, recorders []*recorder) (time.Duration, error) {
	if len(recorders) == 0 {
		return 0, nil
	}
	start := time.Now()
	for _, r := range recorders {
		if err := r.replay(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func (e *Embedder) detectOnly(ctx context.Context, data []byte) (width, height int, err error) {
	_, width, height, err = e.Detect(ctx, data, face.AllFaces)
	if face.CodeOf(err) == face.NoFace {
		err = nil
	}
	return width, height, err
}

// record notes what the networks are given for a photograph.
func (e *Embedder) record(ctx context.Context, data []byte) (width, height int, err error) {
	defer listen(e.recorders)()
	return e.detectOnly(ctx, data)
}

// listen has recorders forget what they have and note what comes until the
// function that it returns is called.
func listen(recorders []*recorder) (stop func()) {
	for _, r := range recorders {
		r.inputs, r.recording = nil, true
	}
	return func() {
		for _, r := range recorders {
			r.recording = false
		}
	}
}

// recorder stands before a network and can note and repeat what it is given.
type recorder struct {
	detect.Network
	recording bool
	inputs    []ort.Tensor
}

func (r *recorder) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	if r.recording {
		data := append([]float32(nil), input.Data...) // the caller uses its memory again
		r.inputs = append(r.inputs, ort.Tensor{Shape: input.Shape, Data: data})
	}
	return r.Network.Run(ctx, input)
}

func (r *recorder) replay(ctx context.Context) error {
	for _, input := range r.inputs {
		if _, err := r.Network.Run(ctx, input); err != nil {
			return err
		}
	}
	return nil
}
