package main

import (
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/queue"
)

// worked is what a worker prints in the end: its jobs by result, and what all their
// runs did.
type worked struct {
	Jobs     map[queue.Result]int `json:"jobs"`
	Files    int                  `json:"files"`
	Ingested int                  `json:"ingested"`
	Faces    int                  `json:"faces"`
	Rejected map[face.Code]int    `json:"rejected"`
	Seconds  float64              `json:"seconds"` // that the runs took
}

func newWorked() *worked {
	return &worked{Jobs: map[queue.Result]int{}, Rejected: map[face.Code]int{}}
}

func (d *worked) add(o queue.Outcome) {
	d.Jobs[o.Result]++
	d.Files += o.Report.Files
	d.Ingested += o.Report.Ingested + o.Report.Copied + o.Report.Moved + o.Report.Replaced
	d.Faces += templatesOf(o.Report)
	d.Seconds += o.Report.Seconds
	for reason, n := range o.Report.Rejected {
		d.Rejected[reason] += n
	}
}
