package ingest

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/visagedb/visage/internal/face"
)

// verdict says what became of a photograph.
type verdict int

const (
	unchanged verdict = iota
	touched           // same content, other size or time: Touch
	added
	replaced
	moved  // known by another path, which is gone: Move
	copied // enrolled under another path already
	rejected
)

// outcome is one photograph in one space, dealt with but for its commit.
type outcome struct {
	space     int // which of the run's
	verdict   verdict
	enrolment face.Enrolment // its Image.Path is always set
	passing   bool           // a rejection that is not recorded
	from      string         // the twin's path, if it is moved or copied
	committed []func()       // are called after the commit
	failed    []failure      // faces that are not enrolled; the first is why all is rejected
}

// worker reads and embeds photographs.
type worker struct {
	cfg      Config
	each     []Config // of the spaces
	from     files
	embedder Embedder
	twins    []*twins // of the spaces
}

// handle looks at the content of one photograph and returns its outcome in each
// space, an error only where the run has to stop.
func (w *worker) handle(ctx context.Context, t task) ([]outcome, error) {
	c, err := w.read(ctx, t.photo)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return refusals(len(w.each), t.path, err), nil
	}
	outcomes := make([]outcome, len(w.each))
	var open []int
	for i, past := range t.past {
		same := past.entry.Image.SHA256 == c.sum
		next := added
		switch {
		case past.known && same && past.settled(t.photo, w.each[i]):
			next = unchanged
		case past.known && same && stands(past.entry, w.each[i]):
			next = touched
		case past.known && !same:
			next = replaced
		}
		outcomes[i] = w.outcome(i, next, t, c)
		if next == added || next == replaced {
			open = append(open, i)
		}
	}
	return outcomes, w.complete(ctx, t, c.data, outcomes, open)
}

// complete finds the templates of a photograph in the spaces that lack them, and
// embeds it for those where no twin has them. Spaces are gone through in one
// order, so that two workers never wait for each other.
func (w *worker) complete(ctx context.Context, t task, data []byte, outcomes []outcome, open []int) (err error) {
	var left []int
	claims := map[int]claim{}
	defer func() {
		for i, c := range claims {
			w.twins[i].settle(c, &outcomes[i], err)
		}
	}()
	for _, i := range open {
		claims[i] = w.twins[i].claim(t.identity, outcomes[i])
		found, err := w.twins[i].seek(ctx, t, i, outcomes[i], claims[i])
		if err != nil {
			return err
		}
		if found != nil {
			outcomes[i] = *found
		} else {
			left = append(left, i)
		}
	}
	if w.cfg.Mode == Plan || len(left) == 0 {
		return nil
	}
	return w.embed(ctx, data, outcomes, left)
}

func (w *worker) read(ctx context.Context, found photo) (content, error) {
	if found.held == nil {
		return readStable(ctx, w.from, found.name, w.cfg.MaxBytes)
	}
	c := *found.held
	c.sum = sha256.Sum256(c.data)
	return c, ctx.Err()
}

func (w *worker) outcome(space int, v verdict, t task, c content) outcome {
	return outcome{space: space, verdict: v, enrolment: face.Enrolment{
		Space: w.each[space].Space, Detector: w.cfg.Detector,
		Image: face.Image{
			Path: t.path, Identity: t.identity, Metadata: t.metadata, SHA256: c.sum, Size: int64(len(c.data)), ModTime: c.modTime,
		},
	}}
}

// embed completes the outcomes that are left with their templates, or with the
// reason why there are none.
func (w *worker) embed(ctx context.Context, data []byte, outcomes []outcome, left []int) error {
	spaces := make([]face.Space, len(left))
	for k, i := range left {
		spaces[k] = w.each[i].Space
	}
	of := outcomes[left[0]].enrolment.Image
	photos, err := w.call(ctx, of, data, spaces)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch code := face.CodeOf(err); code {
	case "", face.NoFace, face.Unsupported, face.Undecodable, face.TooLarge, face.Empty, face.Internal:
	default:
		return face.Wrap(code, err, "ingest: embed %s", face.Readable(of.Path))
	}
	for k, i := range left {
		switch code := face.CodeOf(err); code {
		case "":
			w.enrol(&outcomes[i], photos[k])
		case face.Internal:
			outcomes[i] = refusal(of.Path, err)
			outcomes[i].space = i
		default:
			o := &outcomes[i]
			o.verdict, o.enrolment.Rejected, o.enrolment.Detail = rejected, code, messageOf(err)
		}
	}
	return nil
}

// enrol gives an outcome the templates that pass the gates.
func (w *worker) enrol(o *outcome, got face.Photo) {
	o.enrolment.Image.Width, o.enrolment.Image.Height = got.Width, got.Height
	o.enrolment.Templates, o.failed = w.cfg.Gates.sort(got, o.enrolment.Image.Identity)
	if len(o.enrolment.Templates) == 0 {
		why := o.failed[0]
		o.verdict, o.enrolment.Rejected, o.enrolment.Detail = rejected, why.reason, why.message
		o.enrolment.Detector = w.cfg.triedWith(why.reason)
	}
}

func (w *worker) call(ctx context.Context, of face.Image, data []byte, spaces []face.Space) ([]face.Photo, error) {
	if len(data) == 0 {
		return nil, face.Errorf(face.Empty, "the file is empty")
	}
	photos, err := w.embedder.EmbedIn(ctx, data, w.cfg.Gates.choice(of.Identity), spaces)
	if err != nil {
		return nil, err
	}
	if len(photos) != len(spaces) {
		return nil, face.Errorf(face.Mismatch, "templates in %d spaces came for %d", len(photos), len(spaces))
	}
	for i, got := range photos {
		if len(got.Templates) == 0 {
			return nil, face.Errorf(face.NoFace, "no face was found")
		}
		for _, t := range got.Templates {
			if t.Space != spaces[i] || len(t.Vector) != spaces[i].Dim {
				return nil, face.Errorf(face.Mismatch, "a template of %d dimensions in space %s came for space %s of %d",
					len(t.Vector), t.Space.Name(), spaces[i].Name(), spaces[i].Dim)
			}
		}
	}
	return photos, nil
}

// refusal is a rejection that says nothing about the content.
func refusal(path string, err error) outcome {
	return outcome{verdict: rejected, passing: true, enrolment: face.Enrolment{
		Image: face.Image{Path: path}, Rejected: face.CodeOf(err), Detail: messageOf(err),
	}}
}

// refusals is one for each space.
func refusals(spaces int, path string, err error) []outcome {
	outcomes := make([]outcome, spaces)
	for i := range outcomes {
		outcomes[i] = refusal(path, err)
		outcomes[i].space = i
	}
	return outcomes
}

// messageOf is what a rejection says to the user. The causes are left out, but
// for Internal, where they are all there is to go by.
func messageOf(err error) string {
	var e *face.Error
	if errors.As(err, &e) && e.Code != face.Internal {
		return face.Readable(e.Message)
	}
	return face.Readable(err.Error())
}
