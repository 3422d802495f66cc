package queue

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

const (
	// kind is what River knows the jobs by.
	kind = "ingest"
	// maxAttempts is how often a job is tried before it has failed: with River's
	// pauses of 1, 16, 81 and 256 s, for six minutes.
	maxAttempts = 5
	// maxUnpacked bounds the list of a piece's files: 64 of them with the longest
	// paths and metadata have less.
	maxUnpacked = 64 << 20
)

// args is a job as River keeps it. The files' list is packed, because River
// indexes each word of what it keeps.
type args struct {
	Task  Task   `json:"task"`
	Files int    `json:"files"` // how many; 0 for all of an archive
	Named bool   `json:"named,omitempty"`
	Seen  string `json:"seen"`
	List  []byte `json:"list,omitempty"` // gzip of the JSON of []listed
}

// listed is an ingest.Listed of any bytes.
type listed struct {
	Path     Raw `json:"p"`
	Name     Raw `json:"n"`
	Identity Raw `json:"i,omitempty"`
	Metadata Raw `json:"m,omitempty"`
}

// Kind is River's.
func (args) Kind() string { return kind }

// InsertOpts makes River refuse a job that it has, until that is at an end.
func (args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: maxAttempts,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
}

func newArgs(task Task, piece ingest.Piece) (args, error) {
	a := args{Task: task, Files: len(piece.Files), Named: piece.Named, Seen: piece.Seen}
	if len(piece.Files) == 0 {
		return a, nil
	}
	list := make([]listed, len(piece.Files))
	for i, f := range piece.Files {
		list[i] = listed{Path: Raw(f.Path), Name: Raw(f.Name), Identity: Raw(f.Identity), Metadata: Raw(f.Metadata)}
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := json.NewEncoder(w).Encode(list); err != nil {
		return a, face.Wrap(face.Internal, err, "queue: pack a piece")
	}
	if err := w.Close(); err != nil {
		return a, face.Wrap(face.Internal, err, "queue: pack a piece")
	}
	a.List = packed.Bytes()
	return a, nil
}

// piece unpacks the files.
func (a args) piece() (ingest.Piece, error) {
	p := ingest.Piece{Named: a.Named, Seen: a.Seen}
	if a.Files == 0 {
		return p, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(a.List))
	if err != nil {
		return p, damaged(err)
	}
	var list []listed
	if err := json.NewDecoder(io.LimitReader(r, maxUnpacked)).Decode(&list); err != nil {
		return p, damaged(err)
	}
	if len(list) != a.Files {
		return p, face.Errorf(face.Invalid, "queue: a job of %d files lists %d", a.Files, len(list))
	}
	for _, f := range list {
		p.Files = append(p.Files, ingest.Listed{Path: string(f.Path), Name: string(f.Name), Identity: string(f.Identity), Metadata: string(f.Metadata)})
	}
	return p, nil
}

func damaged(err error) error {
	return face.Wrap(face.Invalid, err, "queue: a job's files cannot be read")
}

// readArgs reads what River keeps. It returns Mismatch for what this program does
// not understand all of: it would do something else than was meant.
func readArgs(text []byte) (args, error) {
	var a args
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil {
		return a, face.Wrap(face.Mismatch, err, "queue: the job was made by another version of visage: use that one's worker")
	}
	if len(a.Task.Spaces) == 0 || len(a.Task.Spaces) != len(a.Task.Models.Recognizers) {
		return a, face.Errorf(face.Invalid, "queue: a job of %d recognisers and %d spaces", len(a.Task.Models.Recognizers), len(a.Task.Spaces))
	}
	return a, nil
}
