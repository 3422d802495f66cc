package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/queue"
)

// uploadAge is how old an archive that was sent has to be, at least, to be removed
// once no job needs it: one that is being queued is younger.
const uploadAge = time.Hour

// intake is httpapi.Jobs: it queues folders below the allowed ones, and archives that
// are sent, which it keeps in the home folder until their jobs are at an end.
type intake struct {
	db      *postgres.DB
	queue   *queue.Queue
	models  *lender
	roots   []string // without symbolic links
	uploads string
	// sweeping keeps archives from being removed while they are being queued.
	sweeping sync.RWMutex
}

var _ httpapi.Jobs = (*intake)(nil)

// newIntake looks the allowed folders up. It returns NotFound for one that is none.
func newIntake(a *app, db *postgres.DB, models *lender, roots []string) (*intake, error) {
	jobs, err := queue.New(db)
	if err != nil {
		return nil, err
	}
	in := &intake{db: db, queue: jobs, models: models, uploads: filepath.Join(a.settings.Home, "uploads")}
	for _, root := range roots {
		path, err := realPath(root)
		if err == nil {
			err = folder(path)
		}
		if err != nil {
			return nil, face.Wrap(face.NotFound, err, "serve: --ingest-root %s", root)
		}
		in.roots = append(in.roots, path)
	}
	return in, nil
}

func folder(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = errors.New("is no folder")
	}
	return err
}

// intook is what Enqueue answers.
type intook struct {
	queued
	IDs []int64 `json:"ids"` // of all jobs, new and standing
}

// Enqueue is httpapi.Jobs'.
func (in *intake) Enqueue(ctx context.Context, order httpapi.JobOrder) (any, error) {
	if order.Archive != nil {
		if err := in.sweep(ctx); err != nil {
			return nil, err
		}
	}
	in.sweeping.RLock()
	defer in.sweeping.RUnlock()
	root, err := in.source(order)
	if err != nil {
		return nil, err
	}
	e, giveBack, err := in.models.embedder(ctx, order.Choice)
	if err != nil {
		return nil, err
	}
	defer giveBack()
	cfg := ingest.Config{
		Root: root, Gallery: order.Gallery, Mode: ingest.Enrol, Gates: ingest.DefaultGates(),
		Space: e.Space(), Also: e.Spaces()[1:], Detector: e.Detector(),
	}
	if cfg.Gates.Live = order.Live; order.Live && e.Liveness() == "" {
		return nil, errNoLiveness
	}
	models, err := in.models.named(order.Choice)
	if err != nil {
		return nil, err
	}
	settings := in.models.configOf(models)
	settings.Crop = cropOf(order.Choice)
	task, err := taskOf(cfg, settings, e)
	if err != nil {
		return nil, err
	}
	filling, err := in.queue.Fill(task)
	if err != nil {
		return nil, err
	}
	cutting, err := ingest.Cut(ctx, cfg, in.db, func(piece ingest.Piece) error { return filling.Add(ctx, piece) })
	if err == nil {
		err = filling.End(ctx)
	}
	if filling.IDs == nil {
		filling.IDs = []int64{}
	}
	return intook{queued{cutting, filling.Jobs, filling.Standing}, filling.IDs}, withoutPath(err, root, cmp.Or(order.Folder, "archive"))
}

// withoutPath is an error that calls a file of the server's by what its caller knows.
func withoutPath(err error, path, name string) error {
	var told *face.Error
	if !errors.As(err, &told) {
		return err
	}
	return &face.Error{Code: told.Code, Op: told.Op, Message: strings.ReplaceAll(told.Message, path, name), Err: told.Err}
}

// source is the folder or the archive that is to be ingested.
func (in *intake) source(order httpapi.JobOrder) (string, error) {
	if order.Archive == nil {
		return in.allowed(order.Folder)
	}
	return in.spool(order.Archive)
}

// allowed finds a folder below one of the allowed ones, wherever links lead. What is
// elsewhere is not told from what does not exist.
func (in *intake) allowed(name string) (string, error) {
	if len(in.roots) == 0 {
		return "", face.Errorf(face.Invalid, "this server takes no folders: it was started without --ingest-root")
	}
	for _, root := range in.roots {
		path := name
		if !filepath.IsAbs(name) {
			path = filepath.Join(root, name)
		}
		real, err := realPath(path)
		if err != nil || folder(real) != nil {
			continue
		}
		if real == root || strings.HasPrefix(real, strings.TrimSuffix(root, "/")+"/") {
			return real, nil
		}
	}
	return "", face.Errorf(face.NotFound, "there is no folder %q below one that this server may ingest", face.Readable(name))
}

// spool writes an archive to a file that is named by its content, so that the same
// one sent again gives the same jobs.
func (in *intake) spool(from io.Reader) (path string, err error) {
	if err := os.MkdirAll(in.uploads, 0o700); err != nil {
		return "", spoolError(err)
	}
	file, err := os.CreateTemp(in.uploads, "part-*")
	if err != nil {
		return "", spoolError(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // sweep tries again
		}
	}()
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), from)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", spoolError(err)
	}
	path = filepath.Join(in.uploads, hex.EncodeToString(sum.Sum(nil)))
	if _, err := os.Stat(path); err == nil { // workers know the file by its time too
		return path, os.Remove(file.Name())
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return "", spoolError(err)
	}
	return path, nil
}

func spoolError(err error) error {
	return face.Wrap(face.Unavailable, err, "the archive cannot be kept: see that the server's disk has room")
}

// sweep removes the archives of jobs that are at an end.
func (in *intake) sweep(ctx context.Context) error {
	const most = 10_000
	in.sweeping.Lock()
	defer in.sweeping.Unlock()
	needed := map[string]bool{}
	jobs, err := in.queue.List(ctx, queue.Filter{States: []queue.State{queue.Waiting, queue.Running, queue.Retrying}, Limit: most})
	if err != nil || len(jobs) == most { // there may be others
		return err
	}
	for _, job := range jobs {
		needed[filepath.Base(job.Root)] = true
	}
	files, err := os.ReadDir(in.uploads)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return spoolError(err)
	}
	for _, file := range files {
		path := filepath.Join(in.uploads, file.Name())
		info, err := file.Info()
		if err != nil || needed[file.Name()] || time.Since(info.ModTime()) < uploadAge {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return spoolError(err)
		}
	}
	return nil
}

// Jobs is httpapi.Jobs'.
func (in *intake) Jobs(ctx context.Context, states []string, limit int) (any, error) {
	filter := queue.Filter{Limit: limit}
	for _, state := range states {
		filter.States = append(filter.States, queue.State(state))
	}
	jobs, err := in.queue.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	counts, err := in.queue.Counts(ctx)
	return map[string]any{"jobs": jobs, "counts": counts}, err
}

// Job is httpapi.Jobs'.
func (in *intake) Job(ctx context.Context, id int64) (any, error) { return in.queue.Show(ctx, id) }

// CancelJob is httpapi.Jobs'.
func (in *intake) CancelJob(ctx context.Context, id int64) (any, error) {
	return in.queue.Cancel(ctx, id)
}
