package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/facedraw"
)

// The drawn people: how many, and how many photographs of each are enrolled and
// probed.
const (
	samplePeople   = 12
	sampleEnrolled = 4
	sampleProbes   = 2
	sampleQuality  = 92 // of the JPEG
)

// drawSamples draws the sample people into dir/people/<name>, and further views
// of them, and of strangers, into dir/probes.
func (a *app) drawSamples(ctx context.Context, dir string, strangers int) (demo, error) {
	d := demo{people: filepath.Join(dir, "people"), sheet: filepath.Join(dir, "sheet.png"), drawn: true}
	probes := filepath.Join(dir, "probes")
	a.log.Info("drawing people who do not exist", "people", samplePeople+strangers)
	for _, old := range []string{d.people, probes} {
		if err := os.RemoveAll(old); err != nil {
			return demo{}, face.Wrap(face.Unavailable, err, "demonstration")
		}
	}
	for n, s := range facedraw.Samples(samplePeople+strangers, sampleEnrolled, sampleProbes) {
		person := s.Name
		if n >= samplePeople {
			s.Enrolled, person = nil, nobody
		}
		if err := ctx.Err(); err != nil {
			return demo{}, face.Wrap(face.Cancelled, err, "demonstration")
		}
		for i, view := range s.Enrolled {
			if err := drawSample(filepath.Join(d.people, s.Name, fmt.Sprintf("%d.jpg", i+1)), s, view); err != nil {
				return demo{}, err
			}
		}
		for i, view := range s.Probes {
			path := filepath.Join(probes, fmt.Sprintf("%s-%d.jpg", s.Name, i+1))
			if err := drawSample(path, s, view); err != nil {
				return demo{}, err
			}
			d.probes = append(d.probes, probe{path, person})
		}
	}
	return d, nil
}

// drawSample writes one view of one person.
func drawSample(path string, s facedraw.Sample, view facedraw.View) error {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, s.Draw(view), &jpeg.Options{Quality: sampleQuality}); err != nil {
		return fmt.Errorf("encode a drawn photograph: %w", err)
	}
	return makeFile(path, b.Bytes())
}
