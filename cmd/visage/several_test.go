package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/onnxtest"
)

// Several models in one pass leave the rows that each leaves alone, with one row
// for a face; what one of them lacks is embedded for it alone; a photograph that
// moves does so in all spaces.
func TestSeveralModelsInOnePass(t *testing.T) {
	t.Parallel()
	together, apart, byWorker := newVisage(t, ortLib(t)...), newVisage(t, ortLib(t)...), newVisage(t, ortLib(t)...)
	for _, v := range []visage{together, apart, byWorker} {
		for name, graph := range map[string]onnxtest.Recognizer{
			"ArcFace":      {Input: last(112, 112), Last: true, Dim: 512, Seed: 1},
			"GhostFaceNet": {Input: last(112, 112), Last: true, Dim: 512, Seed: 2},
			"Facenet512":   {Input: last(160, 160), Last: true, Dim: 512, Seed: 3},
		} {
			v.do("models", "import", network(t, graph), "--as", name, "--unpinned")
		}
	}
	root := filepath.Join(t.TempDir(), "people")
	if err := os.CopyFS(root, os.DirFS(filepath.Join(sampleDir(t), "people"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, sampleName(0), "nothing.jpg"), "no photograph")
	load := func(v visage, models string) []ingest.Report {
		report := answer[ingest.Report](v, "ingest", root, "--model", models, "--detector", "opencv", "--profile", "deepface")
		return append([]ingest.Report{report}, report.Also...)
	}
	for _, report := range load(together, "ArcFace,GhostFaceNet") {
		if report.Ingested != 6 || report.Faces != 6 || report.Files != 7 || len(report.Rejections) != 1 || report.Rejections[0].Space != report.Space {
			t.Errorf("first: %+v", report)
		}
	}
	reports := load(together, "Facenet512,GhostFaceNet")
	if reports[0].Ingested != 6 || reports[1].Unchanged != 7 {
		t.Errorf("what one lacks: %+v", reports)
	}
	for _, model := range []string{"ArcFace", "GhostFaceNet", "Facenet512"} {
		load(apart, model)
	}
	likeOneRun(t, dump(t, together.flags[3]), dump(t, apart.flags[3]))
	answer[queued](byWorker, "ingest", root, "--model", "ArcFace,GhostFaceNet,Facenet512", "--detector", "opencv", "--profile", "deepface", "--enqueue")
	if done := answer[worked](byWorker, "worker", "--until-empty"); done.Faces != 18 {
		t.Errorf("a worker: %+v", done)
	}
	likeOneRun(t, dump(t, byWorker.flags[3]), dump(t, apart.flags[3]))

	if err := os.Rename(filepath.Join(root, sampleName(1), "0.jpg"), filepath.Join(root, sampleName(2), "moved.jpg")); err != nil {
		t.Fatal(err)
	}
	for _, report := range load(together, "ArcFace,GhostFaceNet,Facenet512") {
		if report.Moved != 1 || report.Unchanged != 6 || report.Vanished != 0 {
			t.Errorf("moved: %+v", report)
		}
	}
	load(apart, "ArcFace")
	likeOneRun(t, dump(t, together.flags[3]), dump(t, apart.flags[3]))
}
