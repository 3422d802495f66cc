package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// crowd shows faces of the given sides, all in the middle of the photograph.
type crowd struct {
	embedder
	sides map[string][]float64 // by the photograph's text
}

func (c *crowd) EmbedIn(ctx context.Context, data []byte, which face.Choice, spaces []face.Space) ([]face.Photo, error) {
	return inEach(spaces, func() (face.Photo, error) { return c.Embed(ctx, data, which) })
}

func (c *crowd) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	photo, err := c.embedder.Embed(ctx, fmt.Appendf(nil, "face %d %s", len(c.sides[string(data)]), data), face.AllFaces)
	if err != nil {
		return photo, err
	}
	found := make([]face.Detection, len(photo.Templates))
	for i, side := range c.sides[string(data)] {
		t := &photo.Templates[i]
		t.Measures.Side, t.Measures.Sharpness = side, 1
		half := float32(side / 2)
		t.Detection.Box = face.Box{X1: 320 - half, Y1: 240 - half, X2: 320 + half, Y2: 240 + half}
		found[i] = t.Detection
	}
	if which == face.Prominent {
		best := face.MostProminent(found, photo.Width, photo.Height)
		photo.Templates = photo.Templates[best : best+1]
	}
	return photo, nil
}

// TestGates runs with every policy, then with laxer gates: what these let pass is
// tried again, and nothing else.
func TestGates(t *testing.T) {
	t.Parallel()
	e := &crowd{sides: map[string][]float64{"one": {100}, "tiny": {10, 12}, "two": {100, 80}, "mixed": {100, 10}, "party": {60, 11, 70}}}
	root := folder(t, map[string]string{
		"ann/one": "one", "ann/tiny": "tiny", "ann/two": "two", "ann/mixed": "mixed", "party": "party", "ann/empty": "",
	})
	for _, c := range []struct {
		policy ingest.Faces
		want   counts
		faces  int // rejected
	}{
		{ingest.Largest, counts{Files: 6, Ingested: 4, Faces: 5, Rejected: map[face.Code]int{face.TooSmall: 1, face.Empty: 1}}, 1},
		{ingest.All, counts{Files: 6, Ingested: 4, Faces: 6, Rejected: map[face.Code]int{face.TooSmall: 1, face.Empty: 1}}, 2},
		{ingest.Reject, counts{Files: 6, Ingested: 3, Faces: 4, Rejected: map[face.Code]int{face.TooSmall: 1, face.SeveralFaces: 1, face.Empty: 1}}, 2},
	} {
		l, cfg := newLedger(), config(root)
		cfg.Gates = ingest.Gates{MinSide: 24, Faces: c.policy}
		var told []ingest.Rejection
		cfg.Rejected = func(j ingest.Rejection) { told = append(told, j) }
		report := run(t, cfg, e, l)
		expect(t, report, c.want)
		if report.FacesRejected[face.TooSmall] != c.faces || len(report.RejectedFaces) != c.faces {
			t.Errorf("%s: faces rejected %v", c.policy, report.RejectedFaces)
		}
		if len(told) != len(report.Rejections)+c.faces {
			t.Errorf("%s: told %v", c.policy, told)
		}
		tiny := reasons(root, report.Rejections)["ann/tiny"]
		if tiny.Kind != ingest.File || tiny.Measures == nil || tiny.Measures.Side != 12 || tiny.Box == nil {
			t.Errorf("%s: %+v, want the measures of the more prominent face", c.policy, tiny)
		}
		if empty := reasons(root, report.Rejections)["ann/empty"]; empty.Measures != nil || empty.Box != nil {
			t.Errorf("an empty file has %+v", empty)
		}
		before := e.calls.Load()
		expect(t, run(t, cfg, e, l), counts{Files: 6, Unchanged: 6})
		if e.calls.Load() != before {
			t.Errorf("%s: a second run embeds", c.policy)
		}
		cfg.Gates.MinSide = 12
		again := run(t, cfg, e, l)
		retried := c.want.Rejected[face.TooSmall] + c.want.Rejected[face.SeveralFaces]
		if int(e.calls.Load()-before) != retried || again.Ingested+again.Replaced != 1 || again.Unchanged != 6-retried {
			t.Errorf("%s: with laxer gates %+v", c.policy, again)
		}
	}
}

// TestRejectedIsToldWhenCancelled stops a run in the middle: what the report
// counts until then was told.
func TestRejectedIsToldWhenCancelled(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 200 {
		files[fmt.Sprintf("p/%d.jpg", i)] = fmt.Sprintf("code decode_failed %d", i)
	}
	root := folder(t, files)
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config(root)
	var told []string
	cfg.Rejected = func(j ingest.Rejection) { told = append(told, j.Path) }
	e := &embedder{before: func(call int64, _ []byte) {
		if call == 60 {
			cancel()
		}
	}}
	report, err := ingest.Run(ctx, cfg, e, newLedger())
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var listed []string
	for _, j := range report.Rejections {
		listed = append(listed, j.Path)
	}
	slices.Sort(told)
	if len(told) < 50 || len(told) == 200 || !slices.Equal(told, listed) {
		t.Errorf("told of %d, the report has %d", len(told), len(listed))
	}
}

func TestImpossibleGates(t *testing.T) {
	t.Parallel()
	for _, g := range []ingest.Gates{{MinSide: -1}, {MinConfidence: 2}, {MinSharpness: -1}, {MaxResidual: -1}, {MinQuality: 1.1}, {Faces: "some"}} {
		cfg := config(t.TempDir())
		cfg.Gates = g
		if _, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger()); face.CodeOf(err) != face.Invalid {
			t.Errorf("%+v: %v", g, err)
		}
	}
}
