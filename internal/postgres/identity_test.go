package postgres_test

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// hostile are names that break what is glued together from strings.
var hostile = []string{
	`'; DROP TABLE visage.images; --`, `") OR 1=1 --`, `$1`, `%s %_`, "new\nline", "tab\tquote\"", `back\slash`, "日本語 🙂", "a\u0301 e\u0301",
}

func TestGalleries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "empty"))
	b.fails(b.db.CreateGallery(t.Context(), "empty"), face.Exists, `"empty"`)
	b.fails(b.db.CreateGallery(t.Context(), ""), face.Invalid)
	b.fails(b.db.CreateGallery(t.Context(), strings.Repeat("x", 1025)), face.Invalid)
	s, other := space("A", 4, true), space("B", 4, true)
	b.ok(b.db.Enrol(t.Context(), "full", []face.Enrolment{
		photo("/1", "sample-01", s, 1), photo("/2", "sample-01", s, 2), photo("/3", "", s, 3), rejected("/4", s, 4, "yunet"),
		photo("/1", "sample-01", other, 1),
	}))
	found, err := b.db.Galleries(t.Context())
	b.ok(err)
	if len(found) != 2 || found[0].Name != "empty" || found[0].Images != 0 || found[0].CreatedAt.IsZero() {
		t.Fatalf("galleries %+v", found)
	}
	if g := found[1]; g.Name != "full" || g.Identities != 1 || g.Images != 4 || g.Faces != 3 {
		t.Errorf("gallery %+v, want 1 identity, 4 images, 3 faces", g)
	}
	b.ok(b.db.DeleteGallery(t.Context(), "full"))
	b.fails(b.db.DeleteGallery(t.Context(), "full"), face.NotFound, `"full"`, "there is empty")
	if n := one[int](b, `SELECT count(*) FROM visage.embeddings`); n != 0 {
		t.Errorf("%d embeddings outlive their gallery", n)
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{
		photo("/1", "sample-01", s, 1), photo("/2", "sample-01", s, 2), photo("/3", "sample-02", s, 3), photo("/4", "sample-03", s, 4), photo("/5", "", s, 5),
	}))
	found, err := b.db.Identities(t.Context(), "g")
	b.ok(err)
	if len(found) != 3 || found[0].Name != "sample-01" || found[0].Images != 2 || found[0].Faces != 2 || found[0].Gallery != "g" || len(found[0].ID) != 36 {
		t.Fatalf("identities %+v", found)
	}

	b.ok(b.db.RenameIdentity(t.Context(), "g", "sample-03", "sample-04"))
	b.fails(b.db.RenameIdentity(t.Context(), "g", "sample-03", "x"), face.NotFound, "sample-03")
	b.fails(b.db.RenameIdentity(t.Context(), "g", "sample-04", "sample-01"), face.Exists, "merge")
	b.fails(b.db.RenameIdentity(t.Context(), "g", "sample-04", ""), face.Invalid)

	b.fails(b.mergedBy("sample-01", "sample-01"), face.Invalid)
	b.fails(b.mergedBy("sample-01", "nobody"), face.NotFound, "nobody")
	b.fails(b.mergedBy("nobody", "sample-01"), face.NotFound, "nobody")
	b.ok(b.mergedBy("sample-01", "sample-02"))
	merged, err := b.db.Identity(t.Context(), "g", "sample-02")
	if err != nil || merged.Images != 3 || merged.Faces != 3 {
		t.Errorf("merged %+v (%v), want 3 images and faces", merged, err)
	}
	_, err = b.db.Identity(t.Context(), "g", "sample-01")
	b.fails(err, face.NotFound, "sample-01")

	b.ok(b.db.DeleteIdentity(t.Context(), "g", "sample-02"))
	b.fails(b.db.DeleteIdentity(t.Context(), "g", "sample-02"), face.NotFound)
	if left := b.text(`SELECT image FROM visage.gallery_faces ORDER BY 1`); left != "/4\n/5" {
		t.Errorf("after the deletion there are %q, want /4 and /5", left)
	}
	for _, call := range []func() error{
		func() error { _, err := b.db.Identities(t.Context(), "no"); return err },
		func() error { _, err := b.db.Identity(t.Context(), "no", "x"); return err },
		func() error { return b.db.RenameIdentity(t.Context(), "no", "x", "y") },
		func() error { _, err := b.db.MergeIdentities(t.Context(), "no", "x", "y"); return err },
		func() error { return b.db.DeleteIdentity(t.Context(), "no", "x") },
	} {
		b.fails(call(), face.NotFound, `"no"`, "there is g")
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, name := range hostile {
		s := space(name, 4, i%2 == 0)
		s.Detector = name
		e := photo("/p/"+name+"/1.jpg", name, s, uint64(i))
		e.Detector = name
		b.ok(b.db.Enrol(t.Context(), name, []face.Enrolment{e}))
		found, _, err := b.db.Nearest(t.Context(), face.Query{Gallery: name, Space: s, Probe: e.Templates[0].Vector, Metric: face.Cosine, Limit: 2})
		if err != nil || len(found) != 1 || found[0].Identity != name || found[0].Image != e.Image.Path {
			t.Errorf("%q: candidates %+v (%v)", name, found, err)
		}
		got := one[string](b, `SELECT identity FROM visage.nearest($1, 1, $2, $3)`, asText(e.Templates[0].Vector), s.Name(), name)
		if got != name {
			t.Errorf("visage.nearest gives identity %q, want %q", got, name)
		}
		ledger, err := b.ledger(name, s, "/p")
		if _, ok := ledger[e.Image.Path]; !ok || err != nil {
			t.Errorf("%q: the ledger has %v (%v)", name, ledger, err)
		}
		b.ok(b.db.RenameIdentity(t.Context(), name, name, name+"!"))
		_, _, err = b.db.Nearest(t.Context(), face.Query{Gallery: name + "?", Space: s, Probe: e.Templates[0].Vector, Metric: face.Cosine, Limit: 2})
		b.fails(err, face.NotFound)
	}
	galleries, err := b.db.Galleries(t.Context())
	if err != nil || len(galleries) != len(hostile) {
		t.Errorf("%d galleries (%v), want %d", len(galleries), err, len(hostile))
	}
	for _, name := range hostile {
		b.ok(b.db.DeleteIdentity(t.Context(), name, name+"!"))
		b.ok(b.db.DeleteGallery(t.Context(), name))
	}
	if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 0 {
		t.Errorf("%d images left", n)
	}
}

// What people changed outlasts the next ingest, which knows only the folders.
func TestIdentitiesOutlastTheNextIngest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, other := space("A", 4, true), space("B", 4, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "sample-01", s, 1), photo("/2", "sample-02", s, 2), photo("/3", "", s, 3)}))
	b.ok(b.db.RenameIdentity(t.Context(), "g", "sample-01", "renamed"))
	b.ok(b.mergedBy("sample-02", "renamed"))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{
		photo("/1", "sample-01", other, 1), photo("/2", "sample-02", s, 20), photo("/3", "sample-03", other, 3),
	}))
	want := "/1 renamed\n/2 renamed\n/3 sample-03"
	if got := b.text(`SELECT DISTINCT i.path || ' ' || p.name FROM visage.images i JOIN visage.identities p ON p.id = i.identity_id ORDER BY 1`); got != want {
		t.Errorf("photographs and identities\n%s\nwant\n%s", got, want)
	}
	if got := b.text(`SELECT name FROM visage.identities ORDER BY name`); got != "renamed\nsample-03" {
		t.Errorf("identities %q", got)
	}
}
