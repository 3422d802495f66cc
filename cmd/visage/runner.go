package main

import (
	"context"
	"fmt"

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
	root := string(task.Root)
	real, err := realPath(root)
	switch {
	case err != nil:
		return face.Wrap(face.NotFound, err, "worker: %s cannot be seen from this machine", face.Readable(root))
	case real != root:
		return face.Errorf(face.Mismatch, "worker: %s is %s on this machine, but photographs are known by where they were listed: mount it there", face.Readable(root), face.Readable(real))
	case len(task.Spaces) != 1:
		return face.Errorf(face.Unavailable, "worker: the job is for %d recognisers at once, this version takes one", len(task.Spaces))
	}
	if err := r.see(task.Models); err != nil {
		return err
	}
	if space := r.open.Space(); space != task.Spaces[0] {
		return face.Errorf(face.Mismatch, "worker: the job is for space %s, with these weights and settings it would be %s", describe(task.Spaces[0]), describe(space))
	}
	if _, weights := r.open.DetectorSource(); weights != task.Models.DetectorWeights || r.open.Detector() != task.Models.Setting {
		return face.Errorf(face.Mismatch, "worker: the job is for detector %s with weights %.12s, here it would be %s with %.12s",
			task.Models.Setting, task.Models.DetectorWeights, r.open.Detector(), weights)
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
	e, err := r.app.openEmbedder(embedderOf(models, r.device))
	if err != nil {
		return err
	}
	r.open, r.models = e, settings
	return nil
}

// Run is queue.Runner's.
func (r *runner) Run(ctx context.Context, task queue.Task, piece ingest.Piece) (ingest.Report, error) {
	return ingest.Run(ctx, ingest.Config{
		Root: string(task.Root), Gallery: task.Gallery, Space: task.Spaces[0], Detector: task.Models.Setting, Piece: &piece,
		Include: queue.Strings(task.Include), Exclude: queue.Strings(task.Exclude), Gates: task.Gates, Workers: r.workers,
	}, r.open, r.db)
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
