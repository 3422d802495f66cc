package embed

import (
	"context"
	"errors"

	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/internal/face"
)

// Spoil cuts a face that this Embedder found in an encoded photograph out of it, with
// its surroundings, and does it a harm, as quality.Spoil says. The result is a PNG file.
// Errors are those of Detect for photographs, and Invalid.
func (e *Embedder) Spoil(ctx context.Context, data []byte, found face.Detection, harm face.Harm) (_ []byte, err error) {
	mine := turn{of: e.turns}
	if err := mine.take(ctx); err != nil {
		return nil, err
	}
	defer mine.giveBack()
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	spoilt, err := quality.Spoil(p.image, found.Box, harm)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, spoilt.Close()) }()
	png, err := spoilt.PNG()
	if err != nil {
		return nil, face.Wrap(face.Internal, err, "encode a spoilt photograph")
	}
	return png, nil
}
