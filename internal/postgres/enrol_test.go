package postgres_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// enrolled are the templates in a space, as gallery_faces shows them.
func (b *bench) enrolled(s face.Space) string {
	b.Helper()
	return b.text(`SELECT concat_ws(' ', image, identity, x1, detector) FROM visage.gallery_faces WHERE space = $1 ORDER BY 1`, s.Name())
}

func TestEnrolRoundTrip(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 128, true)
	batch := []face.Enrolment{photo("/d/1.jpg", "sample-01", s, 1), photo("/d/2.jpg", "", s, 2), rejected("/d/3.jpg", s, 3, "opencv")}
	second := batch[1].Templates[0]
	second.Detection.Box.X1 -= 7
	second.Detection.Landmarks = nil
	batch[1].Templates = append(batch[1].Templates, second, second)
	b.ok(b.db.Enrol(t.Context(), "g", batch))
	if got, want := b.enrolled(s), "/d/1.jpg sample-01 1 yunet\n/d/2.jpg -5 yunet\n/d/2.jpg 2 yunet"; got != want {
		t.Errorf("enrolled\n%s\nwant\n%s", got, want)
	}
	if got := b.text(`SELECT concat_ws(' ', o.detector, o.rejected, o.faces) FROM visage.image_spaces o JOIN visage.images i ON i.id = o.image_id ORDER BY i.path`); got != "yunet 1\nyunet 2\nopencv no_face 0" {
		t.Errorf("outcomes %q", got)
	}
	if got := b.text(`SELECT landmarks::text FROM visage.faces ORDER BY x1`); got != "{}\n{1,2,3,4,5,6,7,8,9,10}\n{1,2,3,4,5,6,7,8,9,10}" {
		t.Errorf("landmarks %q", got)
	}

	ledger, err := b.ledger("g", s, "/d")
	b.ok(err)
	if len(ledger) != 3 {
		t.Fatalf("ledger %v, want 3 entries", ledger)
	}
	for _, e := range batch {
		got := ledger[e.Image.Path]
		if !got.Image.ModTime.Equal(e.Image.ModTime) {
			t.Errorf("%s: modified %v, want %v", e.Image.Path, got.Image.ModTime, e.Image.ModTime)
		}
		got.Image.ModTime = e.Image.ModTime
		if got.Image != e.Image || got.Detector != e.Detector || got.Rejected != e.Rejected {
			t.Errorf("ledger %+v, want %+v", got, e)
		}
	}

	before := b.contents() + b.text(`SELECT xmin::text FROM visage.images UNION ALL SELECT xmin::text FROM visage.faces`)
	b.ok(b.db.Enrol(t.Context(), "g", batch))
	after := b.contents() + b.text(`SELECT xmin::text FROM visage.images UNION ALL SELECT xmin::text FROM visage.faces`)
	if before != after {
		t.Errorf("enrolling the same again changes\n%s\nto\n%s", before, after)
	}
}

func TestEnrolReplacesContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := space("One", 8, true), space("Two", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "sample-01", one, 1), photo("/2", "sample-01", one, 2)}))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "sample-01", two, 1)}))
	if got := len(strings.Split(b.text(`SELECT id::text FROM visage.faces`), "\n")); got != 2 {
		t.Errorf("%d faces, want 2: two spaces share the face of one detector", got)
	}

	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "sample-01", one, 50)}))
	if got, want := b.enrolled(one), "/1 sample-01 50 yunet\n/2 sample-01 2 yunet"; got != want {
		t.Errorf("after the replacement %q, want %q", got, want)
	}
	if got := b.enrolled(two); got != "" {
		t.Errorf("the old content is still in the other space: %q", got)
	}
	if ledger, err := b.ledger("g", two, "/"); err != nil || len(ledger) != 0 {
		t.Errorf("the other space's ledger holds %v (%v)", ledger, err)
	}

	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{rejected("/1", one, 51, "yunet")}))
	if got, want := b.enrolled(one), "/2 sample-01 2 yunet"; got != want {
		t.Errorf("after a rejected replacement %q, want %q", got, want)
	}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "", one, 51)}))
	if got, want := b.enrolled(one), "/1 sample-01 51 yunet\n/2 sample-01 2 yunet"; got != want {
		t.Errorf("after another attempt %q, want %q", got, want)
	}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{rejected("/1", one, 51, "opencv")}))
	if got, want := b.enrolled(one), "/1 sample-01 51 yunet\n/2 sample-01 2 yunet"; got != want {
		t.Errorf("a rejection of an enrolled content leaves %q, want %q", got, want)
	}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "sample-09", one, 51)}))
	if got, want := b.enrolled(one), "/1 sample-01 51 yunet\n/2 sample-01 2 yunet"; got != want {
		t.Errorf("from a folder of another name %q, want %q", got, want)
	}
}

func TestEnrolRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	for name, c := range map[string]struct {
		change func(*face.Enrolment)
		want   face.Code
	}{
		"dimension":          {func(e *face.Enrolment) { e.Templates[0].Vector = e.Templates[0].Vector[1:] }, face.Mismatch},
		"other space":        {func(e *face.Enrolment) { e.Templates[0].Space.Profile = "other" }, face.Mismatch},
		"zero":               {func(e *face.Enrolment) { e.Templates[0].Vector = make([]float32, 8) }, face.Invalid},
		"NaN":                {func(e *face.Enrolment) { e.Templates[0].Vector[3] = float32(math.NaN()) }, face.Invalid},
		"infinite":           {func(e *face.Enrolment) { e.Templates[0].Vector[3] = float32(math.Inf(1)) }, face.Invalid},
		"length":             {func(e *face.Enrolment) { e.Templates[0].Vector = vector(1, 8, 1.1) }, face.Invalid},
		"box":                {func(e *face.Enrolment) { e.Templates[0].Detection.Box.X2 = -1 }, face.Invalid},
		"confidence":         {func(e *face.Enrolment) { e.Templates[0].Detection.Confidence = 2 }, face.Invalid},
		"landmarks":          {func(e *face.Enrolment) { e.Templates[0].Detection.Landmarks = make(face.Landmarks, 3) }, face.Invalid},
		"nothing":            {func(e *face.Enrolment) { e.Templates = nil }, face.Invalid},
		"both":               {func(e *face.Enrolment) { e.Rejected = face.NoFace }, face.Invalid},
		"no path":            {func(e *face.Enrolment) { e.Image.Path = "" }, face.Invalid},
		"no detector":        {func(e *face.Enrolment) { e.Detector = "" }, face.Invalid},
		"weights of no hash": {func(e *face.Enrolment) { e.Space.Weights = "x"; e.Templates[0].Space.Weights = "x" }, face.Invalid},
	} {
		e := photo("/bad", "sample-02", s, 2)
		c.change(&e)
		err := b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/good", "sample-01", s, 1), e})
		if got := face.CodeOf(err); got != c.want {
			t.Errorf("%s: code %q (%v), want %q", name, got, err, c.want)
		}
	}
	if left := b.contents(); left != "" {
		t.Errorf("refused batches leave %s", left)
	}
	b.ok(b.db.Enrol(t.Context(), "g", nil))
}

func TestPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	long := "/photos/" + strings.Repeat("ä/é/", (4088-8)/6)
	long += strings.Repeat("x", 4096-len(long))
	inside := []string{
		"/photos/\xff\xfe/\x80.jpg", "/photos/caf\xe9.jpg", "/photos/café.jpg", "/photos/%/_.jpg", "/photos/a\nb\\x.jpg", long,
		"/photos/50%.jpg", "/photos/\xff\xfe/\\x80.jpg",
	}
	outside := []string{"/photos2/1.jpg", "/photo", "/photos.jpg", "/Photos/1.jpg", "/x/photos/1.jpg"}
	var batch []face.Enrolment
	for i, path := range append(slices.Clone(inside), outside...) {
		batch = append(batch, photo(path, "id\xff", s, uint64(i)))
	}
	b.ok(b.db.Enrol(t.Context(), "g", batch))

	for root, want := range map[string][]string{
		"/photos":          inside,
		"/photos/":         inside,
		"/photos/\xff\xfe": {inside[0], inside[7]},
		"/photos/%":        {inside[3]},
		"/photos/_":        nil,
		"/photos/50%.jpg":  {inside[6]},
		"/":                append(slices.Clone(inside), outside...),
		"/nowhere":         nil,
	} {
		ledger, err := b.ledger("g", s, root)
		b.ok(err)
		if len(ledger) != len(want) {
			t.Errorf("%q: %d entries, want %d", root, len(ledger), len(want))
		}
		for _, path := range want {
			if ledger[path].Image.Path != path {
				t.Errorf("%q: no entry for %q", root, path)
			}
		}
	}
	if got := b.text(`SELECT DISTINCT identity FROM visage.gallery_faces`); got != `id\xff` {
		t.Errorf("identity %q, want %q", got, `id\xff`)
	}
	if got := b.text(`SELECT image FROM visage.gallery_faces WHERE image LIKE '%caf%' ORDER BY image COLLATE "C"`); got != "/photos/caf\\xe9.jpg\n/photos/café.jpg" {
		t.Errorf("readable paths %q", got)
	}

	removed, err := b.db.Forget(t.Context(), "g", append(slices.Clone(inside), "/unknown"))
	if err != nil || removed != len(inside) {
		t.Errorf("forgot %d (%v), want %d", removed, err, len(inside))
	}
	if n := one[int](b, `SELECT count(*) FROM visage.embeddings`); n != len(outside) {
		t.Errorf("%d embeddings after forgetting, want %d", n, len(outside))
	}
	removed, err = b.db.Forget(t.Context(), "nowhere", inside)
	if err != nil || removed != 0 {
		t.Errorf("an unknown gallery forgot %d (%v)", removed, err)
	}
}

func TestTouch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	same, other := photo("/same", "sample-01", s, 1), photo("/other", "sample-01", s, 2)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{same, other}))
	later := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, e := range []*face.Enrolment{&same, &other} {
		e.Image.ModTime = later
	}
	other.Image.SHA256[0]++
	b.ok(b.db.Touch(t.Context(), "g", []face.Image{same.Image, other.Image, {Path: "/unknown"}}))
	b.ok(b.db.Touch(t.Context(), "nowhere", []face.Image{same.Image}))
	ledger, err := b.ledger("g", s, "/")
	b.ok(err)
	if got := ledger["/same"].Image.ModTime; !got.Equal(later) {
		t.Errorf("modified %v, want %v", got, later)
	}
	if got := ledger["/other"].Image.ModTime; got.Equal(later) {
		t.Error("an image of another content was touched")
	}
	for _, odd := range []time.Time{{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		same.Image.ModTime = odd
		b.ok(b.db.Touch(t.Context(), "g", []face.Image{same.Image}))
		ledger, err := b.ledger("g", s, "/same")
		if got := ledger["/same"].Image.ModTime; err != nil || !got.Equal(odd) {
			t.Errorf("modified %v (%v), want %v", got, err, odd)
		}
	}
}

// TestMetadata stays where an enrolment has none, and is kept by a move.
func TestMetadata(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	e := photo("/1", "ann", s, 1)
	e.Image.Metadata = `{"b": 1, "a": [true]}`
	said := func() string { return b.text(`SELECT coalesce(metadata::text, '') FROM visage.images`) }
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{e}))
	if got := said(); got != `{"a": [true], "b": 1}` {
		t.Errorf("metadata %s", got)
	}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/1", "ann", s, 2)}))
	moved := photo("/2", "ann", s, 2)
	_, err := b.db.Move(t.Context(), "g", []face.Move{{From: "/1", To: moved.Image}})
	b.ok(err)
	if got := said(); got != `{"a": [true], "b": 1}` {
		t.Errorf("metadata %s after an enrolment and a move without", got)
	}
	moved.Image.Metadata = `[1]`
	moved.Image.SHA256[0]++
	if err := b.db.Enrol(t.Context(), "g", []face.Enrolment{moved}); face.CodeOf(err) != face.Invalid {
		t.Errorf("metadata that is no object: %v", err)
	}
	moved.Image.Metadata = `{`
	if err := b.db.Enrol(t.Context(), "g", []face.Enrolment{moved}); face.CodeOf(err) != face.Invalid {
		t.Errorf("metadata that is no JSON: %v", err)
	}
}

func TestLedgerOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	for range 2 {
		ledger, err := b.ledger("g", s, "/")
		if err != nil || ledger == nil || len(ledger) != 0 {
			t.Errorf("ledger %v (%v), want an empty one", ledger, err)
		}
		b.ok(b.db.Enrol(t.Context(), "other", []face.Enrolment{photo(fmt.Sprint("/", 1), "", s, 1)}))
	}
}
