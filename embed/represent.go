package embed

import (
	"context"
	"errors"

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
	photo := face.Photo{}
	err := e.represent(ctx, data, which, func(s *sight, cuts []cut, vectors [][]float32) error {
		photo.Width, photo.Height = s.width, s.height
		for i, c := range cuts {
			t, err := e.templateOf(c, vectors[i])
			if err != nil {
				return err
			}
			photo.Templates = append(photo.Templates, t)
		}
		return nil
	})
	if err != nil {
		return face.Photo{}, err
	}
	return photo, nil
}

// Represent is Embed that also shows what the network was given, and tells the
// photograph's size in pixels, as displayed.
func (e *Embedder) Represent(ctx context.Context, data []byte, which face.Choice) (faces []Represented, width, height int, err error) {
	feeder, _ := e.recognizer.(recognize.Feeder)
	err = e.represent(ctx, data, which, func(s *sight, cuts []cut, vectors [][]float32) error {
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

func (e *Embedder) templateOf(c cut, vector []float32) (face.Template, error) {
	measures, err := e.measures(c)
	return face.Template{Space: e.space, Vector: vector, Detection: c.detection, Measures: measures}, err
}

// represent recognises the faces of a photograph, some at a time.
func (e *Embedder) represent(ctx context.Context, data []byte, which face.Choice, use func(s *sight, cuts []cut, vectors [][]float32) error) (err error) {
	if e.recognizer == nil {
		return face.Errorf(face.Invalid, "this embedder was opened without a recogniser")
	}
	s, err := e.look(ctx, data, which)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for from := 0; from < s.faces; from += chunk {
		cuts, err := s.some(from, min(from+chunk, s.faces))
		if err != nil {
			return internal(ctx, err, "cut out a face")
		}
		vectors, err := e.vectors(ctx, cuts)
		if err == nil {
			err = use(s, cuts, vectors)
		}
		if err = errors.Join(err, closeCuts(cuts)); err != nil {
			return internal(ctx, err, "recognise a face with "+e.entry.Name)
		}
	}
	return nil
}

// vectors recognises crops, in the form in which their space has them.
func (e *Embedder) vectors(ctx context.Context, cuts []cut) ([][]float32, error) {
	crops := make([]*cv.Image, len(cuts))
	for i, c := range cuts {
		crops[i] = c.crop
	}
	vectors, err := e.recognizer.Recognize(ctx, crops)
	if err != nil {
		return nil, err
	}
	finish := recognize.Check
	if e.space.Unit {
		finish = recognize.Unit
	}
	for _, v := range vectors {
		if err := finish(v); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}
