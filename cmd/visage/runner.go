package main

import (
	"context"
	"fmt"
	"os"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/queue"
)

// runner does a worker's jobs. It keeps the models of one task open: jobs of a
// task come in a row.
type runner struct {
	app     *app
	db      *postgres.DB
	workers int
	device  string

	models string // that are open, by their settings
	open   *embed.Embedder
}

// Ready is queue.Runner's: the folder is here, and the models are those of the
// task, with the same weights. It returns NotFound, Unreadable, Mismatch, or what
// opening the models returns.
func (r *runner) Ready(_ context.Context, task queue.Task) error {
	if err := visible(string(task.Root)); err != nil {
		return err
	}
	if err := r.see(task.Models); err != nil {
		return err
	}
	for i, space := range r.open.Spaces() {
		if space != task.Spaces[i] {
			return face.Errorf(face.Mismatch, "worker: the job is for space %s, with these weights and settings it would be %s", describe(task.Spaces[i]), describe(space))
		}
	}
	if _, weights := r.open.DetectorSource(); weights != task.Models.DetectorWeights || r.open.Detector() != task.Models.Setting {
		return face.Errorf(face.Mismatch, "worker: the job is for detector %s with weights %.12s, here it would be %s with %.12s",
			task.Models.Setting, task.Models.DetectorWeights, r.open.Detector(), weights)
	}
	return nil
}

// visible returns NotFound or Mismatch where a folder or archive is not what it is
// elsewhere, as far as that can be told. An empty folder is where none is mounted.
func visible(root string) error {
	name := face.Readable(root)
	real, err := realPath(root)
	if err != nil {
		return face.Wrap(face.NotFound, err, "worker: %s cannot be seen from this machine", name)
	}
	if real != root {
		return face.Errorf(face.Mismatch, "worker: %s is %s on this machine, but photographs are known by where they were listed: mount it there", name, face.Readable(real))
	}
	f, err := os.Open(root)
	if err != nil {
		return face.Wrap(face.NotFound, err, "worker: %s cannot be read on this machine", name)
	}
	defer f.Close() // nothing was written
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return err
	}
	if _, err := f.ReadDir(1); err != nil {
		return face.Wrap(face.NotFound, err, "worker: %s is empty on this machine, or cannot be read: see that it is mounted", name)
	}
	return nil
}

// describe tells spaces apart that have the same name.
func describe(s face.Space) string {
	return fmt.Sprintf("%s (weights %.12s, %d dimensions)", s.Name(), s.Weights, s.Dim)
}

// see opens the models, unless they are open.
func (r *runner) see(models queue.Models) error {
	settings := fmt.Sprintf("%+v", models)
	if r.open != nil && r.models == settings {
		return nil
	}
	if err := r.close(); err != nil {
		return err
	}
	e, err := r.app.openEmbedder(embedderOf(models, r.device, r.workers))
	if err != nil {
		return err
	}
	r.open, r.models = e, settings
	return nil
}

// Run is queue.Runner's.
func (r *runner) Run(ctx context.Context, task queue.Task, piece ingest.Piece) (ingest.Report, error) {
	return ingest.Run(ctx, ingest.Config{
		Root: string(task.Root), Gallery: task.Gallery, Space: task.Spaces[0], Also: task.Spaces[1:], Detector: task.Models.Setting, Piece: &piece,
		Include: queue.Strings(task.Include), Exclude: queue.Strings(task.Exclude), Gates: task.Gates, Workers: r.open.InHand(),
	}, r.open.Taking(embed.Taking{Liveness: task.Gates.Live}).Estimating(task.Models.Attributes), r.db)
}

// close frees the models.
func (r *runner) close() error {
	if r.open == nil {
		return nil
	}
	e := r.open
	r.open = nil
	return e.Close()
}

var _ queue.Runner = (*runner)(nil)
