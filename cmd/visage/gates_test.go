package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/facedraw"
)

// drawn is a drawn portrait of so many pixels a side.
func drawn(person uint64, side int) *image.RGBA {
	return facedraw.NewPerson(person).Render(facedraw.NewView(person*1000), side)
}

// softened is a picture of which each pixel is the mean of those up to so far away.
func softened(from *image.RGBA, by int) *image.RGBA {
	out := image.NewRGBA(from.Rect)
	for y := range from.Rect.Dy() {
		for x := range from.Rect.Dx() {
			for c := range 4 {
				sum, n := 0, 0
				for v := max(0, y-by); v <= min(from.Rect.Dy()-1, y+by); v++ {
					for u := max(0, x-by); u <= min(from.Rect.Dx()-1, x+by); u++ {
						sum += int(from.Pix[from.PixOffset(u, v)+c])
						n++
					}
				}
				out.Pix[out.PixOffset(x, y)+c] = uint8(sum / n)
			}
		}
	}
	return out
}

// beside puts pictures side by side.
func beside(pictures ...*image.RGBA) *image.RGBA {
	wide, high := 0, 0
	for _, p := range pictures {
		wide, high = wide+p.Rect.Dx(), max(high, p.Rect.Dy())
	}
	out := image.NewRGBA(image.Rect(0, 0, wide, high))
	for x, i := 0, 0; i < len(pictures); i++ {
		draw.Draw(out, pictures[i].Rect.Add(image.Pt(x, 0)), pictures[i], image.Point{}, draw.Src)
		x += pictures[i].Rect.Dx()
	}
	return out
}

func encoded(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// badFaces is a folder with a photograph for each reason, named by it.
func badFaces(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, picture := range map[string]image.Image{
		"good":          drawn(1, 240),
		"too_small":     beside(drawn(2, 70), image.NewRGBA(image.Rect(0, 0, 300, 300))),
		"blurred":       softened(drawn(1, 240), 9),
		"several_faces": beside(drawn(1, 240), drawn(2, 220)),
		"no_face":       image.NewRGBA(image.Rect(0, 0, 100, 100)),
	} {
		if err := makeFile(filepath.Join(root, "ann", name), encoded(t, picture)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// lines reads a report file.
func lines(t *testing.T, path string) map[string]ingest.Rejection {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]ingest.Rejection{}
	for line := range strings.Lines(string(text)) {
		j := parse[ingest.Rejection](t, line)
		by[filepath.Base(j.Path)] = j
	}
	return by
}

// Every reason of a gate, by drawn faces that are really like that, through the
// report file; then again with the gates open.
func TestIngestGates(t *testing.T) {
	t.Parallel()
	v, root, list := newVisage(t), badFaces(t), filepath.Join(t.TempDir(), "rejects.jsonl")
	models := needs(t, "VISAGE_TEST_MODELS")
	args := []string{"ingest", root, "--models", models, "--ort-lib", needs(t, "VISAGE_ORT_LIB"), "--detector", "scrfd", "--model", "MobileFaceNet"}
	strict := with(args, "--min-face-size", "60", "--min-sharpness", "0.2", "--faces", "reject", "--report", list)
	report := answer[ingest.Report](v, strict...)
	want := map[face.Code]int{face.TooSmall: 1, face.Blurred: 1, face.SeveralFaces: 1, face.NoFace: 1}
	if report.Ingested != 1 || !maps.Equal(report.Rejected, want) {
		t.Fatalf("%+v", report)
	}
	got := lines(t, list)
	if len(got) != 4 {
		t.Errorf("the report has %d lines", len(got))
	}
	for name, j := range got {
		if string(j.Reason) != name || j.Kind != ingest.File || j.Message == "" || (j.Measures == nil) != (j.Reason == face.NoFace) || (j.Box == nil) != (j.Measures == nil) {
			t.Errorf("%s: %+v", name, j)
		}
	}
	if again := answer[ingest.Report](v, strict...); again.Unchanged != 5 || len(lines(t, list)) != 0 {
		t.Errorf("again: %+v", again)
	}
	open := with(args, "--min-face-size", "0", "--min-sharpness", "0", "--max-residual", "0", "--faces", "all")
	if lax := answer[ingest.Report](v, open...); lax.Faces != 4 || lax.Unchanged != 2 {
		t.Errorf("with open gates: %+v", lax)
	}
	other := answer[ingest.Report](v, with(args, "--gallery", "other", "--min-face-confidence", "0.999", "--min-sharpness", "0")...)
	if other.Rejected[face.LowConfidence] != 4 {
		t.Errorf("a confidence of 0.999: %+v", other)
	}
	turned := answer[ingest.Report](v, with(args, "--gallery", "turned", "--max-residual", "0.001", "--min-sharpness", "0")...)
	if turned.Rejected[face.BadAlignment] != 4 {
		t.Errorf("a residual of 0.001: %+v", turned)
	}
	bad := answer[ingest.Report](v, with(args, "--gallery", "bad", "--min-quality", "0.3", "--min-face-size", "0", "--min-sharpness", "0", "--report", list)...)
	if j := lines(t, list)["blurred"]; bad.Rejected[face.LowQuality] != 2 || j.Reason != face.LowQuality || j.Measures.Quality.Score >= 0.3 || !strings.Contains(j.Message, "blurred") {
		t.Errorf("a quality of 0.3: %+v, %+v", bad, j)
	}
}

// The defaults lose no photograph of real people.
func TestDefaultGatesLoseNobody(t *testing.T) {
	t.Parallel()
	v, people := newVisage(t), filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "people")
	for _, detector := range []string{"scrfd", "yunet"} {
		report := answer[ingest.Report](v, "ingest", people, "--gallery", detector, "--models", needs(t, "VISAGE_TEST_MODELS"),
			"--ort-lib", needs(t, "VISAGE_ORT_LIB"), "--detector", detector, "--model", "MobileFaceNet")
		if report.Ingested != 61 || len(report.Rejected) != 0 || len(report.FacesRejected) != 0 {
			t.Errorf("%s: %d ingested, rejected %v and faces %v", detector, report.Ingested, report.Rejected, report.FacesRejected)
		}
	}
}

// A report takes the place of a report and of nothing else.
func TestReportSparesOtherFiles(t *testing.T) {
	t.Parallel()
	root, other := t.TempDir(), t.TempDir()
	photo := filepath.Join(other, "holiday.jpg")
	if err := os.WriteFile(photo, []byte("\xff\xd8\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(other, "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{photo, other, filepath.Join(root, "a", "..", "r.jsonl"), filepath.Join(link, "r.jsonl"), filepath.Join(other, "none", "r.jsonl")} {
		if r, err := openRejects(name, root); err == nil {
			t.Errorf("%s was opened: %v", name, r.close())
		}
	}
	if data, err := os.ReadFile(photo); err != nil || len(data) != 3 {
		t.Errorf("the photograph has %d bytes, %v", len(data), err)
	}
	name := filepath.Join(other, "r.jsonl")
	for range 2 {
		r, err := openRejects(name, root)
		if err != nil {
			t.Fatal(err)
		}
		r.add(ingest.Rejection{Kind: ingest.File, Path: "<a>", Reason: face.Blurred})
		if text, err := os.ReadFile(name); err != nil || string(text) != `{"kind":"file","path":"<a>","reason":"blurred","message":""}`+"\n" {
			t.Errorf("before it is closed it holds %q, %v", text, err)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
	full, err := openRejects("/dev/full", root)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	full.add(ingest.Rejection{})
	if err := full.close(); face.CodeOf(err) != face.Unavailable {
		t.Errorf("a full disk: %v", err)
	}
}

// Measures have the names that docs/ingest.md gives them.
func TestMeasuresAreInTheReport(t *testing.T) {
	t.Parallel()
	e := realEmbedder(t, "scrfd", "MobileFaceNet")
	photo, err := e.Embed(t.Context(), encoded(t, drawn(1, 240)), face.Prominent)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(photo.Templates[0].Measures)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"side", "confidence", "residual", "scale", "sharpness", "brightness", "contrast", "yaw", "pitch", "quality"} {
		if !strings.Contains(string(text), `"`+key+`":`) {
			t.Errorf("measures %s lack %s", text, key)
		}
	}
}
