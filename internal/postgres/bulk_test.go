package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

func (b *bench) beginImport(s face.Space) *postgres.Import {
	b.Helper()
	im, err := b.db.BeginImport(b.Context(), "g", s)
	b.ok(err)
	return im
}

// add imports rows and checks how many were new.
func (b *bench) add(im *postgres.Import, rows []face.Record, want int) {
	b.Helper()
	added, err := im.Add(b.Context(), rows)
	if err != nil || added != want {
		b.Fatalf("added %d (%v), want %d", added, err, want)
	}
}

func (b *bench) finish(im *postgres.Import, want bool) {
	b.Helper()
	built, err := im.Finish(b.Context(), func(int64, int64) {})
	if err != nil || built != want {
		b.Fatalf("built %t (%v), want %t", built, err, want)
	}
}

// indexes are the definitions of a space's HNSW indexes.
func (b *bench) indexes() string {
	b.Helper()
	return b.text(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'visage' AND indexdef LIKE '%hnsw%' ORDER BY 1`)
}

func TestImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 16, true)
	b.ok(b.db.EnsureSpace(t.Context(), s))
	original := b.indexes()
	rows := records(1000, s)
	im := b.beginImport(s)
	if b.indexes() != "" {
		t.Error("an empty space keeps its index while it is filled")
	}
	b.add(im, rows[:600], 600)
	b.add(im, append(slices.Clone(rows[500:]), rows[999]), 400)
	b.finish(im, true)
	if got := b.indexes(); got != original {
		t.Errorf("index %q, want %q", got, original)
	}
	before := b.contents()
	if n := strings.Count(before, "\n") + 1; n != 1000 {
		t.Fatalf("%d rows, want 1000", n)
	}

	again := b.beginImport(s)
	b.add(again, rows, 0)
	b.finish(again, false)
	if b.contents() != before {
		t.Error("a second import changes something")
	}
	identity, err := b.db.Identity(t.Context(), "g", "person-7")
	if err != nil || identity.Images != 4 || identity.Faces != 4 {
		t.Errorf("identity %+v (%v)", identity, err)
	}
	size, err := b.db.SpaceSize(t.Context(), s)
	if err != nil || size.Templates != 1000 || size.Table < 1000*4*16 || size.Index < 1000*2*16 || size.Keys <= 0 {
		t.Errorf("size %+v (%v)", size, err)
	}
	for _, exact := range []bool{true, false} {
		b.findsAll(s, rows, exact)
	}
}

// findsAll searches for some of the rows by their own vectors.
func (b *bench) findsAll(s face.Space, rows []face.Record, exact bool) {
	b.Helper()
	for i := 0; i < len(rows); i += 97 {
		found, _, err := b.db.Nearest(b.Context(), face.Query{Gallery: "g", Space: s, Probe: rows[i].Vector, Metric: face.Cosine, Limit: 1, Exact: exact})
		b.ok(err)
		if len(found) != 1 || found[0].Image != rows[i].Image || found[0].Identity != rows[i].Identity || !slices.Equal(found[0].Vector, rows[i].Vector) {
			b.Errorf("row %d: found %v", i, found)
		}
	}
}

// TestImportIntoFilledSpace keeps the index of a space that has templates, by
// which the new ones are found.
func TestImportIntoFilledSpace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 16, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/one.jpg", "sample-01", s, 5001), rejected("/none.jpg", s, 2, "yunet")}))
	original := b.indexes()
	im := b.beginImport(s)
	rows := records(500, s)
	rows[0].Image, rows[1].Image = "/one.jpg", "/none.jpg"
	b.add(im, rows, 499) // the first is enrolled already
	b.finish(im, false)
	if original == "" || b.indexes() != original {
		t.Errorf("index %q, want %q", b.indexes(), original)
	}
	if got := b.text(`SELECT concat_ws(' ', identity, detector) FROM visage.gallery_faces WHERE image IN ('/one.jpg', '/none.jpg') ORDER BY image`); got != "person-0 import\nsample-01 yunet" {
		t.Errorf("faces %q", got)
	}
	b.findsAll(s, rows[1:], false)
}

// TestImportSecondSpace gives images templates in a further space: they stay one
// image and one face, and an identity that was renamed keeps its name.
func TestImportSecondSpace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := space("A", 16, true), space("B", 8, false)
	b.add(b.beginImport(first), records(200, first), 200)
	b.ok(b.db.RenameIdentity(t.Context(), "g", "person-3", "Ada"))
	im := b.beginImport(second)
	b.add(im, records(300, second), 300)
	b.add(im, records(300, second), 0)
	b.finish(im, true)
	if got := b.text(`SELECT concat_ws(' ', count(*), (SELECT count(*) FROM visage.faces), (SELECT count(*) FROM visage.embeddings)) FROM visage.images`); got != "300 300 500" {
		t.Errorf("images, faces and embeddings %q", got)
	}
	if n := one[int](b, `SELECT count(*) FROM visage.gallery_faces WHERE identity = 'Ada'`); n != 8 {
		t.Errorf("%d templates of the renamed identity, want 8", n)
	}
}

// TestImportCutShort cancels an import between and within batches: what was
// added stays, the next run goes on, and it builds the index.
func TestImportCutShort(t *testing.T) {
	t.Parallel()
	clean, b := setup(t), setup(t)
	s := space("A", 16, true)
	rows := records(400, s)
	im := clean.beginImport(s)
	clean.add(im, rows, 400)
	clean.finish(im, true)

	b.add(b.beginImport(s), rows[:100], 100)
	im = b.beginImport(s)
	ctx, cancel := context.WithCancel(t.Context())
	hold := b.begin()
	_, err := hold.Exec(t.Context(), `LOCK visage.embeddings IN EXCLUSIVE MODE`)
	b.ok(err)
	done := make(chan error, 1)
	go func() { _, err := im.Add(ctx, rows[100:200]); done <- err }()
	b.waitFor(stuck)
	cancel()
	b.fails(<-done, face.Cancelled)
	b.ok(hold.Rollback(t.Context()))
	if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 100 {
		t.Errorf("%d images after a batch that was cut short, want 100", n)
	}
	if b.indexes() != "" {
		t.Error("there is an index before the end")
	}
	b.findsAll(s, rows[:100], false)

	im = b.beginImport(s)
	b.add(im, rows[:200], 100)
	b.add(im, rows[200:], 200)
	b.finish(im, true)
	if b.contents() != clean.contents() || b.indexes() != clean.indexes() {
		t.Error("an import that was cut short and run again ends with other rows than a clean one")
	}
}

// TestImportReplacesInvalidIndex finds an index that a build left unusable.
func TestImportReplacesInvalidIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 16, true)
	im := b.beginImport(s)
	b.add(im, records(50, s), 50)
	b.finish(im, true)
	b.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visage.embeddings_1_hnsw'::regclass`)
	im = b.beginImport(s)
	b.add(im, records(60, s), 10)
	b.finish(im, true)
	if !one[bool](b, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'visage.embeddings_1_hnsw'::regclass`) {
		t.Error("the index is still unusable")
	}
}

// TestImportAtOnce lets four imports load the same rows in different orders.
func TestImportAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 16, true)
	rows := records(400, s)
	added := make([]int, 4)
	var group sync.WaitGroup
	for run := range 4 {
		group.Go(func() {
			im, err := b.db.BeginImport(t.Context(), "g", s)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 8 {
				from := (i + 2*run) % 8 * 50
				n, err := im.Add(t.Context(), rows[from:from+50])
				if err != nil {
					t.Error(err)
				}
				added[run] += n
			}
			if _, err := im.Finish(t.Context(), func(int64, int64) {}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if sum := added[0] + added[1] + added[2] + added[3]; sum != 400 {
		t.Errorf("%v were added, want 400 in all", added)
	}
	if n := one[int](b, `SELECT count(*) FROM visage.embeddings`); n != 400 || b.indexes() == "" {
		t.Errorf("%d embeddings, index %q", n, b.indexes())
	}
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	im := b.beginImport(s)
	for name, c := range map[string]struct {
		r    face.Record
		code face.Code
	}{
		"dimension": {face.Record{Image: "a", Vector: []float32{1}}, face.Mismatch},
		"zero":      {face.Record{Image: "a", Vector: make([]float32, 4)}, face.Invalid},
		"no image":  {face.Record{Vector: vector(1, 4, 1)}, face.Invalid},
		"length":    {face.Record{Image: "a", Vector: vector(1, 4, 2)}, face.Invalid},
	} {
		_, err := im.Add(t.Context(), append(records(3, s), c.r))
		b.fails(err, c.code)
		if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 0 {
			t.Errorf("%s: %d images stay of a batch that was refused", name, n)
		}
	}
	_, err := b.db.BeginImport(t.Context(), "g", face.Space{Recognizer: "B", Profile: face.Native, Dim: 4})
	b.fails(err, face.Invalid)
}

// TestImportWide loads templates for which there is no index.
func TestImportWide(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4096, false)
	im := b.beginImport(s)
	rows := records(20, s)
	b.add(im, rows, 20)
	b.finish(im, false)
	b.findsAll(s, rows, false)
}

func TestExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	group := photo("/group.jpg", "", s, 1)
	second := group.Templates[0]
	second.Detection.Box.X1 -= 7
	group.Templates = append(group.Templates, second)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{group, photo("/one.jpg", "sample-01", s, 2), rejected("/none.jpg", s, 3, "yunet")}))
	b.ok(b.db.Enrol(t.Context(), "other", []face.Enrolment{photo("/other.jpg", "", s, 4)}))
	var got []string
	b.ok(b.db.Export(t.Context(), "g", s, func(r face.Record) error {
		got = append(got, fmt.Sprint(r.Identity, r.Image, len(r.Vector)))
		return nil
	}))
	slices.Sort(got)
	if want := []string{"/group.jpg#24", "/group.jpg4", "sample-01/one.jpg4"}; !slices.Equal(got, want) {
		t.Errorf("exported %q, want %q", got, want)
	}
	stop := face.Errorf(face.Unavailable, "the disk is full")
	b.fails(b.db.Export(t.Context(), "g", s, func(face.Record) error { return stop }), face.Unavailable, "disk is full")
	b.fails(b.db.Export(t.Context(), "nowhere", s, nil), face.NotFound, "nowhere")
	_, err := b.db.Space(t.Context(), "nothing")
	b.fails(err, face.NotFound, "nothing", s.Name())
	_, err = b.db.SpaceSize(t.Context(), space("C", 4, true))
	b.fails(err, face.NotFound)
}

// TestMeasureImport is what bench import does.
func TestMeasureImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 16, true)
	err := postgres.WithScratch(t.Context(), postgres.Config{URL: b.url}, func(db *postgres.DB) error {
		rounds, err := db.MeasureImport(t.Context(), s, t.TempDir(), 2, func(im *postgres.Import) error {
			_, err := im.Add(t.Context(), records(100, s))
			return err
		})
		if err != nil {
			return err
		}
		size, err := db.SpaceSize(t.Context(), s)
		if len(rounds) != 2 || rounds[1].Import <= 0 || rounds[1].Copy <= 0 || size.Templates != 100 {
			t.Errorf("rounds %v leave %+v", rounds, size)
		}
		if err != nil {
			return err
		}
		ours, theirs, err := db.MeasureDiskUse(t.Context(), s)
		for _, use := range []postgres.DiskUse{ours, theirs} {
			if use.Templates != 100 || use.Tables < 100*16*4 || use.Keys == 0 || use.Index < 100*16*2 {
				t.Errorf("disk use %+v and %+v", ours, theirs)
			}
		}
		return err
	})
	b.ok(err)
	if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 0 {
		t.Errorf("the database itself has %d images", n)
	}
}
