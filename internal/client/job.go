package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Order says what to ingest: a folder below one that the service allows, or an archive.
type Order struct {
	Folder   string
	Archive  []byte // a file tar, tar.gz or zip
	Gallery  string // defaults to the one named default
	Model    string // defaults to the service's own
	Detector string // defaults to the service's own
	// AntiSpoofing rejects pictures of faces.
	AntiSpoofing bool
}

// Queued is what came of an Order.
type Queued struct {
	Files    int     `json:"files"`
	Left     int     `json:"left"`          // files that there is something to do for
	Jobs     int     `json:"jobs"`          // that are new
	Standing int     `json:"jobs_standing"` // that the queue had before
	IDs      []int64 `json:"ids"`           // of all jobs
}

// Job is an ingest that visage worker does.
type Job struct {
	ID       int64           `json:"id"`
	State    string          `json:"state"` // waiting, running, retrying, done, cancelled or failed
	Gallery  string          `json:"gallery"`
	Files    int             `json:"files"` // 0 for all of an archive
	Attempts int             `json:"attempts"`
	Queued   time.Time       `json:"queued"`
	Finished *time.Time      `json:"finished"`
	Error    string          `json:"error"`
	Report   json.RawMessage `json:"report"` // once it is done, as visage ingest --json prints it
}

// Enqueue queues an ingest. It returns NotFound for a folder that is not allowed, and
// Invalid.
func (c *Client) Enqueue(ctx context.Context, order Order) (queued Queued, err error) {
	r := write(http.MethodPost, "/v1/jobs")
	parts := files{}
	if order.Archive != nil {
		parts["archive"] = [][]byte{order.Archive}
	}
	r, err = r.form(map[string]string{
		"folder": order.Folder, "gallery": order.Gallery, "model": order.Model, "detector": order.Detector, "anti_spoofing": truth(order.AntiSpoofing),
	}, parts)
	if err == nil {
		err = c.ask(ctx, r, &queued)
	}
	return queued, err
}

// Jobs are the newest in some states, or in all for none, and how many there are in
// each.
func (c *Client) Jobs(ctx context.Context, limit int, states ...string) (found []Job, counts map[string]int, err error) {
	query := url.Values{"state": states}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	var answer struct {
		Jobs   []Job          `json:"jobs"`
		Counts map[string]int `json:"counts"`
	}
	err = c.ask(ctx, request{method: http.MethodGet, path: "/v1/jobs", query: query}, &answer)
	return answer.Jobs, answer.Counts, err
}

func jobPath(id int64) string { return "/v1/jobs/" + strconv.FormatInt(id, 10) }

// Job returns one, or NotFound.
func (c *Client) Job(ctx context.Context, id int64) (found Job, err error) {
	err = c.ask(ctx, request{method: http.MethodGet, path: jobPath(id)}, &found)
	return found, err
}

// CancelJob ends one before its time, or returns NotFound.
func (c *Client) CancelJob(ctx context.Context, id int64) (ended Job, err error) {
	err = c.ask(ctx, write(http.MethodDelete, jobPath(id)), &ended)
	return ended, err
}
