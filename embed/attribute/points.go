package attribute

import (
	"context"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/internal/face"
)

// Points is a network that finds landmarks in faces, more than detectors do. Several
// goroutines may use it.
type Points struct{ Estimator }

// OpenPoints is Open for a network of so many points: it gives x and y of each in turn,
// as shares of its picture's sides. The Config needs no heads, and no Cut DeepFace.
func OpenPoints(ctx context.Context, session classify.Session, config Config, points int) (*Points, error) {
	network, err := classify.Open(ctx, session, classify.Config{
		Width: config.Width, Height: config.Height, Channels: config.Pixels.Channels(), Last: config.Pixels.Last,
		Outputs: []classify.Output{{Values: 2 * points}},
	})
	if err != nil {
		return nil, err
	}
	return &Points{Estimator{config, network}}, nil
}

// Find returns the points of each face, in its picture's pixels. A face of which
// nothing lies in the picture is face.NoFace.
func (p *Points) Find(ctx context.Context, faces []classify.Face) ([]face.Landmarks, error) {
	places := make([]placed, len(faces))
	said, err := p.network.Run(ctx, len(faces), func(i int, to []float32) (err error) {
		if places[i], err = p.config.place(faces[i]); err != nil {
			return err
		}
		return p.config.numbers(faces[i], to)
	})
	if err != nil {
		return nil, err
	}
	out := make([]face.Landmarks, len(faces))
	for i, at := range places {
		values := said[0][i]
		for k := 0; k+1 < len(values); k += 2 {
			out[i] = append(out[i], face.Point{
				X: back(values[k], p.config.Width, at.at.Min.X, at.at.Dx(), at.part.Min.X, at.part.Dx()),
				Y: back(values[k+1], p.config.Height, at.at.Min.Y, at.at.Dy(), at.part.Min.Y, at.part.Dy()),
			})
		}
	}
	return out, nil
}

// back leads a share of the network's picture to the photograph, along one axis.
func back(share float32, side, at, length, from, part int) float32 {
	return float32(from) + (share*float32(side)-float32(at))/float32(length)*float32(part)
}
