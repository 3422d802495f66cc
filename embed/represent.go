package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/face"
)

// Represented is one face with its template.
type Represented struct {
	face.Template
	// Fed is what the recogniser's network was given: rows, columns and
	// channels, the channels running fastest. It is nil for a recogniser that is
	// no network.
	Fed []float32
}

// chunk is how many faces of one photograph are cut out at a time, so that the
// memory for a crowd stays bounded.
const chunk = 32

// Embed finds the faces of an encoded photograph and returns the template of
// each, or of the most prominent one. Errors carry the codes of photographs:
// face.NoFace, Unsupported, Undecodable, TooLarge, Empty; and Cancelled,
// Internal, or Invalid where there is no recogniser.
func (e *Embedder) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	photos, err := e.EmbedIn(ctx, data, which, []face.Space{e.space})
	if err != nil {
		return face.Photo{}, err
	}
	return photos[0], nil
}

// EmbedIn is Embed for several of the Embedder's spaces: the faces are found once
// and recognised in each. It returns a photograph for each space, in their order.
// A space that is not the Embedder's is face.Mismatch.
func (e *Embedder) EmbedIn(ctx context.Context, data []byte, which face.Choice, spaces []face.Space) ([]face.Photo, error) {
	models := make([]int, len(spaces))
	for i, space := range spaces {
		models[i] = slices.IndexFunc(e.models, func(m *model) bool { return m.space == space })
		if models[i] < 0 {
			return nil, face.Errorf(face.Mismatch, "space %s is none of this embedder's", space.Name())
		}
	}
	photos := make([]face.Photo, len(spaces))
	err := e.represent(ctx, data, which, models, func(i int, s *sight, cuts []cut, vectors [][]float32) error {
		photos[i].Width, photos[i].Height = s.width, s.height
		for k, c := range cuts {
			t, err := e.models[models[i]].templateOf(c, vectors[k])
			if err != nil {
				return err
			}
			photos[i].Templates = append(photos[i].Templates, t)
		}
		return nil
	})
	if err == nil {
		err = e.describe(ctx, data, photos)
	}
	if err != nil {
		return nil, err
	}
	return photos, nil
}

// Represent is Embed that also shows what the network was given, and tells the
// photograph's size in pixels, as displayed.
func (e *Embedder) Represent(ctx context.Context, data []byte, which face.Choice) (faces []Represented, width, height int, err error) {
	feeder, _ := e.recognizer.(recognize.Feeder)
	err = e.represent(ctx, data, which, []int{0}, func(_ int, s *sight, cuts []cut, vectors [][]float32) error {
		width, height = s.width, s.height
		for i, c := range cuts {
			r := Represented{}
			if r.Template, err = e.templateOf(c, vectors[i]); err != nil {
				return err
			}
			if feeder != nil {
				if r.Fed, err = feeder.Fed(c.crop); err != nil {
					return err
				}
			}
			faces = append(faces, r)
		}
		return nil
	})
	if err != nil {
		return nil, 0, 0, err
	}
	return faces, width, height, nil
}

func (m *model) templateOf(c cut, vector []float32) (face.Template, error) {
	measures, err := m.measures(c)
	return face.Template{Space: m.space, Vector: vector, Detection: c.detection, Measures: measures}, err
}

// represent recognises the faces of a photograph by some of the models, some at a
// time, and hands on those of the i-th model named.
func (e *Embedder) represent(ctx context.Context, data []byte, which face.Choice, models []int,
	use func(i int, s *sight, cuts []cut, vectors [][]float32) error) (err error) {
	if e.recognizer == nil {
		return face.Errorf(face.Invalid, "this embedder was opened without a recogniser")
	}
	mine := turn{of: e.turns}
	taken := e.timed(StageTurn)
	if err := mine.take(ctx); err != nil {
		return err
	}
	taken()
	defer mine.giveBack()
	s, err := e.look(ctx, data, which)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for from := 0; from < s.faces; from += chunk {
		if err := mine.take(ctx); err != nil {
			return err
		}
		if err := e.representSome(ctx, &mine, s, from, models, use); err != nil {
			return err
		}
	}
	return nil
}

// representSome is represent for the faces from one on. The photograph's pixels
// go with the processor, when there are no more faces to cut out of them.
func (e *Embedder) representSome(ctx context.Context, mine *turn, s *sight, from int, models []int,
	use func(i int, s *sight, cuts []cut, vectors [][]float32) error) (err error) {
	to := min(from+chunk, s.faces)
	cuts := make([][]cut, len(models))
	defer func() { err = errors.Join(err, closeCuts(slices.Concat(cuts...))) }()
	for i, m := range models {
		if cuts[i], err = s.some(m, from, to); err != nil {
			return internal(ctx, err, "cut out a face")
		}
	}
	if to == s.faces {
		if err := s.Close(); err != nil {
			return err
		}
	}
	for i, k := range models {
		m := e.models[k]
		recognised := e.timed(StageRecognise)
		vectors, err := m.vectors(ctx, mine, cuts[i])
		recognised()
		if err == nil {
			err = use(i, s, cuts[i], vectors)
		}
		if err != nil {
			return internal(ctx, err, "recognise a face with "+m.entry.Name)
		}
	}
	return nil
}

// vectors recognises crops, in the form in which their space has them. It uses
// the caller's processor, or gives it back for the recogniser to find one.
func (m *model) vectors(ctx context.Context, mine *turn, cuts []cut) ([][]float32, error) {
	crops := make([]*cv.Image, len(cuts))
	for i, c := range cuts {
		crops[i] = c.crop
	}
	if _, shares := m.recognizer.(recognize.Batcher); shares {
		mine.giveBack()
	} else if err := mine.take(ctx); err != nil {
		return nil, err
	}
	vectors, err := m.recognizer.Recognize(ctx, crops)
	if err != nil {
		return nil, err
	}
	finish := recognize.Check
	if m.space.Unit {
		finish = recognize.Unit
	}
	for _, v := range vectors {
		if err := finish(v); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}
