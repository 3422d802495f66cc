package httpapi

import (
	"context"
	"io"
)

// Jobs queues ingests for visage worker. What they return is written as JSON, as
// visage jobs has it.
type Jobs interface {
	// Enqueue queues jobs for what is left to do of a folder or an archive. It returns
	// NotFound for a folder that is not below an allowed one, whether there is such a
	// folder or not, Invalid where none is allowed, and for an archive of no kind that
	// is read.
	Enqueue(ctx context.Context, order JobOrder) (any, error)
	// Jobs are the newest jobs in some states, or in all for none, with how many there
	// are in each. It returns Invalid for an unknown state.
	Jobs(ctx context.Context, states []string, limit int) (any, error)
	// Job returns NotFound for an unknown one.
	Job(ctx context.Context, id int64) (any, error)
	// CancelJob ends a job before its time, or returns NotFound.
	CancelJob(ctx context.Context, id int64) (any, error)
}

// JobOrder says what to ingest: a folder or an archive.
type JobOrder struct {
	Gallery string
	Choice  Choice
	Live    bool      // pictures of faces are rejected
	Folder  string    // below an allowed folder, or absolute; empty for an archive
	Archive io.Reader // tar, tar.gz or zip; nil for a folder
}
