package main

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/facedraw"
	"golang.org/x/sync/errgroup"
)

// The drawn people: how many, and how many photographs of each are enrolled and
// probed.
const (
	samplePeople   = 12
	sampleEnrolled = 4
	sampleProbes   = 2
	sampleSide     = 480 // pixels
	sampleQuality  = 92  // of the JPEG
)

// drawSamples draws the sample people into dir/people/<name> and further views
// of them into dir/probes.
func (a *app) drawSamples(dir string) (demo, error) {
	d := demo{people: filepath.Join(dir, "people"), sheet: filepath.Join(dir, "sheet.png")}
	a.log.Info("drawing people who do not exist", "people", samplePeople, "photographs", samplePeople*(sampleEnrolled+sampleProbes))
	for _, old := range []string{d.people, filepath.Join(dir, "probes")} {
		if err := os.RemoveAll(old); err != nil {
			return demo{}, face.Wrap(face.Unavailable, err, "demonstration")
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range samplePeople {
		name := fmt.Sprintf("sample-%02d", i+1)
		for view := range sampleEnrolled + sampleProbes {
			path := filepath.Join(d.people, name, fmt.Sprintf("%d.jpg", view+1))
			if view >= sampleEnrolled {
				path = filepath.Join(dir, "probes", fmt.Sprintf("%s-%d.jpg", name, view+1))
				d.probes = append(d.probes, probe{path, name})
			}
			group.Go(func() error { return drawSample(path, i, view) })
		}
	}
	return d, group.Wait()
}

// drawSample draws one view of one person. Every photograph has a view of its
// own.
func drawSample(path string, person, view int) error {
	seed := uint64(person)
	picture := facedraw.NewPerson(seed).Render(facedraw.NewView(100*seed+uint64(view)), sampleSide)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: sampleQuality}); err != nil {
		return fmt.Errorf("encode a drawn photograph: %w", err)
	}
	return makeFile(path, b.Bytes())
}
