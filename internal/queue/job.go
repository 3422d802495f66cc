package queue

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// State says where a job is.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for a worker
	Running   State = "running"   // a worker is at it
	Retrying  State = "retrying"  // was tried, and will be again
	Done      State = "done"      // has come to its end
	Cancelled State = "cancelled" // was ended by somebody
	Failed    State = "failed"    // was tried often enough
)

// States are all states, in the order of a job's life.
func States() []State { return []State{Waiting, Running, Retrying, Done, Cancelled, Failed} }

func stateOf(state rivertype.JobState) State {
	switch state {
	case rivertype.JobStateRunning:
		return Running
	case rivertype.JobStateRetryable:
		return Retrying
	case rivertype.JobStateCompleted:
		return Done
	case rivertype.JobStateCancelled:
		return Cancelled
	case rivertype.JobStateDiscarded:
		return Failed
	default: // available, pending, scheduled
		return Waiting
	}
}

// riverStates are River's states of ours.
func riverStates(of []State) ([]rivertype.JobState, error) {
	for _, state := range of {
		if !slices.Contains(States(), state) {
			return nil, face.Errorf(face.Invalid, "queue: no state %q: use one of %v", state, States())
		}
	}
	return slices.DeleteFunc(rivertype.JobStates(), func(s rivertype.JobState) bool { return !slices.Contains(of, stateOf(s)) }), nil
}

// Job is what the queue knows of one.
type Job struct {
	ID       int64    `json:"id"`
	State    State    `json:"state"`
	Gallery  string   `json:"gallery"`
	Root     string   `json:"root"` // bytes that are not UTF-8 as \xNN
	Spaces   []string `json:"spaces"`
	Detector string   `json:"detector"`
	Files    int      `json:"files"`    // 0 for all of an archive
	Attempts int      `json:"attempts"` // that were begun
	// Worker had it last: host, process and a number; empty for none.
	Worker   string     `json:"worker,omitempty"`
	Queued   time.Time  `json:"queued"`
	Finished *time.Time `json:"finished,omitempty"`
	// Error is why the last attempt failed.
	Error string `json:"error,omitempty"`
	// Paths are the files, below Root; bytes that are not UTF-8 as \xNN.
	Paths []string `json:"paths,omitempty"`
	// Report is that of the run that came to its end.
	Report *ingest.Report `json:"report,omitempty"`
}

// jobOf reads a row of River's. What cannot be read is told as its error.
func jobOf(row *rivertype.JobRow) Job {
	j := Job{ID: row.ID, State: stateOf(row.State), Attempts: row.Attempt, Queued: row.CreatedAt, Finished: row.FinalizedAt}
	if n := len(row.AttemptedBy); n > 0 {
		j.Worker = row.AttemptedBy[n-1]
	}
	if n := len(row.Errors); n > 0 {
		j.Error = row.Errors[n-1].Error
	}
	a, err := readArgs(row.EncodedArgs)
	if err != nil {
		j.Error = err.Error()
		return j
	}
	j.Gallery, j.Root, j.Detector, j.Files = a.Task.Gallery, face.Readable(string(a.Task.Root)), a.Task.Models.Setting, a.Files
	for _, space := range a.Task.Spaces {
		j.Spaces = append(j.Spaces, space.Name())
	}
	piece, err := a.piece()
	if err != nil {
		j.Error = err.Error()
	}
	for _, file := range piece.Files {
		j.Paths = append(j.Paths, face.Readable(file.Path))
	}
	var report ingest.Report
	if output := row.Output(); len(output) > 0 && json.Unmarshal(output, &report) == nil {
		j.Report = &report
	}
	return j
}
