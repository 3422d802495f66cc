package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// storedAttributes is what the faces of a gallery say, by photograph.
func storedAttributes(t *testing.T, v visage, gallery string) map[string]map[face.Attribute]face.Estimate {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), v.url())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `
		SELECT i.path, f.attributes FROM visage.faces f
		JOIN visage.images i ON i.id = f.image_id JOIN visage.galleries g ON g.id = f.gallery_id WHERE g.name = $1`, gallery)
	out := map[string]map[face.Attribute]face.Estimate{}
	var path string
	var said map[face.Attribute]face.Estimate
	if _, err := pgx.ForEachRow(rows, []any{&path, &said}, func() error {
		out[path], said = said, nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// An ingest that is told to stores what models say of real faces, as analyze says it;
// one that is not stores nothing; and a job does what the ingest would.
func TestIngestAnalyze(t *testing.T) {
	t.Parallel()
	people := filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "people")
	v := newVisage(t, "--models", needs(t, "VISAGE_TEST_MODELS"), "--ort-lib", needs(t, "VISAGE_ORT_LIB"))
	some := []string{"ingest", people, "--detector", "scrfd", "--include", "p01/*", "--gallery"}
	answer[ingest.Report](v, with(some, "plain", "--model", "MobileFaceNet")...)
	answer[ingest.Report](v, with(some, "asked", "--model", "MobileFaceNet,EdgeFace_XXS", "--analyze=age,gender")...)
	plain, asked := storedAttributes(t, v, "plain"), storedAttributes(t, v, "asked")
	if len(plain) == 0 || len(plain) != len(asked) {
		t.Fatalf("%d faces and %d", len(plain), len(asked))
	}
	for path, got := range asked {
		if plain[path] != nil || len(got) != 2 {
			t.Errorf("%s: %v where nobody asked, %v", path, plain[path], got)
		}
		said := answer[struct{ Results []httpapi.Analysis }](v, "analyze", path, "--detector", "scrfd", "--max-faces", "1").Results[0]
		if math.Abs(got[face.Age].Years-float64(*said.Age)) > 3 || got[face.Age].Model != "FaceApi_AgeGender" || got[face.Gender].Dominant != said.DominantGender {
			t.Errorf("%s: %+v, analyze says %d, %s", path, got, *said.Age, said.DominantGender)
		}
	}
	v.do(with(some, "queued", "--model", "MobileFaceNet", "--analyze=age,gender", "--enqueue")...)
	v.do("worker", "--until-empty")
	for path, got := range storedAttributes(t, v, "queued") {
		if got[face.Age].Years != asked[path][face.Age].Years || got[face.Gender].Dominant != asked[path][face.Gender].Dominant {
			t.Errorf("%s: a job stores %+v, want %+v", path, got, asked[path])
		}
	}
	if _, _, code := v.try("ingest", people, "--analyze=height"); code != exitMisused {
		t.Errorf("--analyze=height: exit %d", code)
	}
}
