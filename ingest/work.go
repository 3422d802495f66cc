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

// outcome is one photograph, dealt with but for its commit.
type outcome struct {
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
	from     files
	embedder Embedder
	twins    *twins
}

// handle looks at the content of one photograph. It returns an error only
// where the run has to stop.
func (w *worker) handle(ctx context.Context, t task) (outcome, error) {
	c, err := w.read(ctx, t.photo)
	if ctx.Err() != nil {
		return outcome{}, ctx.Err()
	}
	if err != nil {
		return refusal(t.path, err), nil
	}
	next := added
	switch same := t.entry.Image.SHA256 == c.sum; {
	case t.known && same && stands(t.entry, w.cfg):
		return w.outcome(touched, t, c), nil
	case t.known && !same:
		next = replaced
	}
	o := w.outcome(next, t, c)
	return w.twins.complete(ctx, t, o, func() (outcome, error) {
		if w.cfg.Mode == Plan {
			return o, nil
		}
		return w.embed(ctx, o, c.data)
	})
}

func (w *worker) read(ctx context.Context, found photo) (content, error) {
	if found.held == nil {
		return readStable(ctx, w.from, found.name, w.cfg.MaxBytes)
	}
	c := *found.held
	c.sum = sha256.Sum256(c.data)
	return c, ctx.Err()
}

func (w *worker) outcome(v verdict, t task, c content) outcome {
	return outcome{verdict: v, enrolment: face.Enrolment{
		Space: w.cfg.Space, Detector: w.cfg.Detector,
		Image: face.Image{
			Path: t.path, Identity: t.identity, Metadata: t.metadata, SHA256: c.sum, Size: int64(len(c.data)), ModTime: c.modTime,
		},
	}}
}

// embed completes the outcome of a photograph with its templates, or with the
// reason why there are none.
func (w *worker) embed(ctx context.Context, o outcome, data []byte) (outcome, error) {
	got, err := w.call(ctx, o.enrolment.Image, data)
	if ctx.Err() != nil {
		return outcome{}, ctx.Err()
	}
	o.enrolment.Image.Width, o.enrolment.Image.Height = got.Width, got.Height
	switch code := face.CodeOf(err); code {
	case "":
		o.enrolment.Templates, o.failed = w.cfg.Gates.sort(got, o.enrolment.Image.Identity)
		if len(o.enrolment.Templates) == 0 {
			why := o.failed[0]
			o.verdict, o.enrolment.Rejected, o.enrolment.Detail = rejected, why.reason, why.message
			o.enrolment.Detector = w.cfg.triedWith(why.reason)
		}
	case face.NoFace, face.Unsupported, face.Undecodable, face.TooLarge, face.Empty:
		o.verdict, o.enrolment.Rejected, o.enrolment.Detail = rejected, code, messageOf(err)
	case face.Internal:
		return refusal(o.enrolment.Image.Path, err), nil
	default:
		return outcome{}, face.Wrap(code, err, "ingest: embed %s", face.Readable(o.enrolment.Image.Path))
	}
	return o, nil
}

func (w *worker) call(ctx context.Context, of face.Image, data []byte) (face.Photo, error) {
	if len(data) == 0 {
		return face.Photo{}, face.Errorf(face.Empty, "the file is empty")
	}
	got, err := w.embedder.Embed(ctx, data, w.cfg.Gates.choice(of.Identity))
	if err != nil {
		return got, err
	}
	if len(got.Templates) == 0 {
		return got, face.Errorf(face.NoFace, "no face was found")
	}
	for _, t := range got.Templates {
		if t.Space != w.cfg.Space || len(t.Vector) != w.cfg.Space.Dim {
			return got, face.Errorf(face.Mismatch, "a template of %d dimensions in space %s came for space %s of %d",
				len(t.Vector), t.Space.Name(), w.cfg.Space.Name(), w.cfg.Space.Dim)
		}
	}
	return got, nil
}

// refusal is a rejection that says nothing about the content.
func refusal(path string, err error) outcome {
	return outcome{verdict: rejected, passing: true, enrolment: face.Enrolment{
		Image: face.Image{Path: path}, Rejected: face.CodeOf(err), Detail: messageOf(err),
	}}
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
