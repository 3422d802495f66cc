//go:build dlib

package recognize

import (
	"context"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/internal/face"
)

// OpenDlib loads dlib's face recognition network from a file. The feed must
// give whole numbers from 0 to 255, red, green, blue, of dlib.Side pixels a
// side. The caller closes the recogniser. A file that is no such network is
// face.Mismatch.
func OpenDlib(path string, feed Feed) (Recognizer, error) {
	network, err := dlib.LoadNetwork(path)
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err, "recogniser Dlib")
	}
	return &dlibNetwork{network, feed}, nil
}

type dlibNetwork struct {
	network *dlib.Network
	feeds   Feed
}

func (d *dlibNetwork) Dim() int { return dlib.Dimensions }

func (d *dlibNetwork) Close() error { return d.network.Close() }

func (d *dlibNetwork) Fed(crop *cv.Image) ([]float32, error) {
	out := make([]float32, 3*dlib.Side*dlib.Side)
	return out, d.feeds.feed(crop, out, true)
}

// Recognize describes the crops one by one: a batch of dlib's is no faster.
func (d *dlibNetwork) Recognize(ctx context.Context, crops []*cv.Image) ([][]float32, error) {
	out := make([][]float32, len(crops))
	for i, crop := range crops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fed, err := d.Fed(crop)
		if err != nil {
			return nil, err
		}
		pixels := make([]byte, len(fed))
		for k, v := range fed {
			pixels[k] = byte(v)
		}
		described, err := d.network.Describe([][]byte{pixels})
		if err != nil {
			return nil, err
		}
		out[i] = described[0]
	}
	return out, nil
}
