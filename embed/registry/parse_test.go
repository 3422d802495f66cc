package registry

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

const sum64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// every is a model that has all optional fields of a detector.
const every = `
- name: three
  aliases: [Three-Nets, 3nets]
  kind: detector
  commercial: unclear
  build: tag
  backend: cascade
  box_eyes: {distance: 0.365, line: 0.394}
  files:
    - name: p.onnx
      url: https://example.org/p.zip
      sha256: ` + sum64 + `
      bytes: 3
      archive: zip
      member: nets/p.onnx
      archive_sha256: ` + sum64 + `
      parts:
        - {name: r.onnx, made: converted from r.h5, unpinned: true}
        - {name: o.dat, url: "https://example.org/o.dat.bz2", unpinned: true, archive: bz2}
`

func TestOptionalFields(t *testing.T) {
	t.Parallel()
	entries, err := parse([]byte(every + "- {name: plain, kind: detector, commercial: \"yes\", built_in: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := entries[0]
	if e.Build != "tag" || e.Backend != "cascade" || *e.BoxEyes != (BoxEyes{0.365, 0.394}) || len(e.Files[0].All()) != 3 {
		t.Errorf("got %+v", e)
	}
	if f := e.Files[0]; f.Member != "nets/p.onnx" || f.Pullable() || f.Known() || f.Size() != 0 || f.made() != "converted from r.h5" {
		t.Errorf("got %+v", f)
	}
	if entries[1].Backend != "plain" {
		t.Errorf("backend defaults to %q", entries[1].Backend)
	}
}

func TestWhatTheRegistryRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, changed, text string }{
		"no name":                 {"name: three", "name: -_", "letters"},
		"a name that is a path":   {"name: three", "name: a/b", "a/b"},
		"unknown kind":            {"kind: detector", "kind: guesser", "guesser"},
		"commercial not said":     {"commercial: unclear", "commercial: maybe", "maybe"},
		"neither files nor built": {"build: tag", "built_in: true", "built_in"},
		"a recogniser's backend":  {"kind: detector", "kind: recognizer", "detector's"},
		"eyes outside the box":    {"line: 0.394", "line: 1.394", "between 0 and 1"},
		"alias like its name":     {"Three-Nets", "THREE", "taken"},
		"file's name is a path":   {"name: p.onnx", "name: ../p.onnx", "file's name"},
		"file named as our own":   {"name: p.onnx", "name: pins.yaml", "file's name"},
		"file named as the list":  {"name: p.onnx", "name: models.yaml", "file's name"},
		"neither url nor made":    {"made: converted from r.h5", "bytes: 0", "neither"},
		"not https":               {"https://example.org/p.zip", "http://example.org/p.zip", "https"},
		"unpinned with a hash":    {"bytes: 3", "bytes: 3\n      unpinned: true", "no sha256"},
		"no hash":                 {"made: converted from r.h5, unpinned: true", "made: converted from r.h5", "or unpinned"},
		"short hash":              {"sha256: 01", "sha256: \"1\"\n      # ", "or unpinned"},
		"no size":                 {"bytes: 3", "bytes: -1", "at least 1"},
		"two sizes":               {"bytes: 3", "bytes: 3\n      about: 3", "one of them"},
		"a blob beside a hash":    {"bytes: 3", "bytes: 3\n      git_blob: " + sum64[:40], "without sha256"},
		"a blob of no download":   {"r.h5, unpinned: true", "r.h5, git_blob: " + sum64[:40], "with a url"},
		"a blob that is none":     {"unpinned: true, archive: bz2", "git_blob: 12ab, archive: bz2", "40 lower case"},
		"unpinned with a blob":    {"unpinned: true, archive: bz2", "unpinned: true, archive: bz2, git_blob: " + sum64[:40], "no sha256"},
		"a mirror without https":  {"bytes: 3", "bytes: 3\n      mirrors: [\"http://example.org/p\"]", "mirrors"},
		"a mirror of no download": {"made: converted from r.h5", "made: converted from r.h5, mirrors: [\"https://example.org/r\"]", "mirrors"},
		"two documents":           {"- name: three", "[]\n---\n- name: three", "more than one"},
		"unknown archive":         {"archive: bz2", "archive: rar", "rar"},
		"zip without a member":    {"      member: nets/p.onnx\n", "", "member"},
		"bz2 with a member":       {"archive: bz2", "archive: bz2, member: o.dat", "member"},
		"archive without a url":   {"unpinned: true}\n", "unpinned: true, archive: bz2}\n", "needs a url"},
		"hash of no archive":      {"r.h5", "r.h5, archive_sha256: " + sum64, "archive_sha256"},
		"two files of one name":   {"name: r.onnx", "name: p.onnx", "another file"},
		"a part of a part":        {"archive: bz2", "archive: bz2, parts: [{name: x, made: y, unpinned: true}]", "a part has parts"},
	} {
		if strings.Count(every, c.old) < 1 {
			t.Errorf("%s: there is no %q to change", name, c.old)
		}
		_, err := parse([]byte(strings.Replace(every, c.old, c.changed, 1)))
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.text)
		}
	}
}

func TestModelsThatLookAlike(t *testing.T) {
	t.Parallel()
	two := func(kind, name, alias string) error {
		takes := ""
		if kind == "recognizer" {
			takes = ", recognition: {dim: 1, width: 1, height: 1, native: {crop: box}}"
		}
		_, err := parse([]byte("- {name: one-net, kind: detector, commercial: \"no\", built_in: true}\n" +
			"- {name: " + name + ", kind: " + kind + ", commercial: \"no\", built_in: true, aliases: [" + alias + "]" + takes + "}\n"))
		return err
	}
	for _, c := range [][3]string{{"detector", "OneNet", "x"}, {"detector", "two", "one_net"}, {"recognizer", "one-net", "x"}} {
		if err := two(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), "one") {
			t.Errorf("%v is taken: %v", c, err)
		}
	}
	if err := two("recognizer", "OneNet", "x"); err != nil {
		t.Errorf("a recogniser like a detector: %v", err)
	}
	s := NewStore([]Entry{{Name: "dlib", Kind: Detector}, {Name: "Dlib", Kind: Recognizer}, {Name: "yunet", Kind: Detector}}, t.TempDir())
	for name, kind := range map[string]Kind{"dlib": Detector, "Dlib": Recognizer, "YU-NET": Detector} {
		if e, err := s.Model(name); err != nil || e.Kind != kind {
			t.Errorf("%s is %+v, %v", name, e, err)
		}
	}
	if _, err := s.Model("DLIB"); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "recognizer Dlib") {
		t.Errorf("a name of two models: %v", err)
	}
	if _, err := s.Model("nobody"); face.CodeOf(err) != face.NotFound {
		t.Errorf("a name of none: %v", err)
	}
}
