package ingest

import (
	"slices"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

func TestSettled(t *testing.T) {
	t.Parallel()
	when := time.Date(2020, 2, 3, 4, 5, 6, 789000, time.UTC)
	image := face.Image{Path: "/d/a/1.jpg", Size: 10, ModTime: when}
	enrolled := face.LedgerEntry{Image: image, Detector: "old"}
	refused := face.LedgerEntry{Image: image, Detector: "now", Rejected: face.NoFace}
	refusedByOther := face.LedgerEntry{Image: image, Detector: "old", Rejected: face.NoFace}
	for name, c := range map[string]struct {
		entry face.LedgerEntry
		known bool
		size  int64
		mtime time.Time
		want  bool
	}{
		"same":                     {enrolled, true, 10, when, true},
		"same in another zone":     {enrolled, true, 10, when.In(time.FixedZone("", 3600)), true},
		"other size":               {enrolled, true, 11, when, false},
		"other time":               {enrolled, true, 10, when.Add(time.Microsecond), false},
		"unknown":                  {enrolled, false, 10, when, false},
		"rejected":                 {refused, true, 10, when, true},
		"rejected, other detector": {refusedByOther, true, 10, when, false},
	} {
		found, past := photo{size: c.size, modTime: c.mtime}, past{known: c.known, entry: c.entry}
		if got := past.settled(found, Config{Detector: "now"}); got != c.want {
			t.Errorf("%s: settled %v, want %v", name, got, c.want)
		}
	}
}

func TestOutOfSight(t *testing.T) {
	t.Parallel()
	all := []string{"/d/1", "/d/a/x/1", "/d/ab/1", "/d/b/1"}
	for name, c := range map[string]struct {
		blind []string
		want  []string
	}{
		"nothing blind": {nil, all},
		"a folder":      {[]string{"/d/a"}, []string{"/d/1", "/d/ab/1", "/d/b/1"}},
		"a file":        {[]string{"/d/1"}, []string{"/d/a/x/1", "/d/ab/1", "/d/b/1"}},
		"the top":       {[]string{"/"}, nil},
	} {
		blind := map[string]bool{}
		for _, path := range c.blind {
			blind[path] = true
		}
		var got []string
		for _, path := range all {
			if !outOfSight(path, blind) {
				got = append(got, path)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: in sight %q, want %q", name, got, c.want)
		}
	}
}

func TestIdentityOf(t *testing.T) {
	t.Parallel()
	for listed, want := range map[string]string{
		"1.jpg": "", "ann/1.jpg": "ann", "ann/deep/1.jpg": "ann", "\xff/1.jpg": `\xff`, "caf\u00e9/1.jpg": "caf\u00e9",
	} {
		if got := identityOf(listed); got != want {
			t.Errorf("identityOf(%q) = %q, want %q", listed, got, want)
		}
	}
}

func TestLedgerTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want time.Time }{
		"nanoseconds":     {time.Unix(1, 1999), time.Unix(1, 1000)},
		"before 1970":     {time.Unix(-2, 1999), time.Unix(-2, 1000)},
		"before year 1":   {time.Unix(-1<<40, 0), time.Time{}},
		"after year 9999": {time.Unix(1<<40, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
	} {
		if got := ledgerTime(c.in); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
