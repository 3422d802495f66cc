package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/search"
)

func dataURI(data []byte) string {
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)
}

// A photograph in a data URI gives what its file gives.
func TestPhotographInDataURI(t *testing.T) {
	t.Parallel()
	v, path := newVisage(t), filepath.Join(sampleDir(t), "sample-01.jpg")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	named := v.do(with(builtIn, "represent", path, "--json")...)
	if sent := v.do(with(builtIn, "represent", dataURI(data), "--json")...); sent != named {
		t.Errorf("represent gives %d bytes for the file and others, %d, for the data URI", len(named), len(sent))
	}
	if same := answer[search.Verification](v, with(builtIn, "verify", path, dataURI(data))...); !same.Verified || same.Distance > 1e-6 {
		t.Errorf("verify: %+v", same)
	}
	out := t.TempDir()
	crops := answer[struct{ Results []extracted }](v, "extract", dataURI(data), "--detector", "opencv", "--out", out).Results
	if len(crops) != 1 || crops[0].File != filepath.Join(out, "photograph-face1.png") {
		t.Errorf("extract: %+v", crops)
	}
}

func TestCropsAreNamedAfterPhotographs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"-": "-", "people/a.b.jpg": "a.b", "data:image/png;base64,/a/b.c": "photograph",
		"https://example.org/people/a.jpg?key=/secret.jpg": "a", "https://example.org/..%2f..%2fa.jpg": "..%2f..%2fa", "https://example.org/": "example.org",
	} {
		if got := stem(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// What cannot be read is told by its name, and content is not told at all.
func TestPhotographsRefused(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"find", "represent", "extract", "verify"} {
		for _, c := range []struct{ name, text string }{
			{"http://127.0.0.1/secret.jpg?key=hidden", "http://127.0.0.1/secret.jpg is refused: its host's address is loopback"},
			{"http://[::ffff:10.0.0.1]/a.jpg", "private"},
			{"file:///etc/passwd", "only http and https"},
			{"data:image/png;base64,hidden!", "no character of base64"},
			{dataURI(blank.Bytes()), "data URI: "},
			{"/nonexistent.jpg", "there is no file /nonexistent.jpg"},
		} {
			args := []string{command, c.name, "--detector", "opencv"}
			switch command {
			case "verify":
				args = append(args, c.name, "--model", "LBPH")
			case "find", "represent":
				args = append(args, "--model", "LBPH")
			default:
				args = append(args, "--out", t.TempDir())
			}
			_, text, code := v.try(args...)
			if code != exitFailed || !strings.Contains(text, c.text) || strings.Contains(text, "hidden") || strings.Contains(text, "iVBORw0KGgo") {
				t.Errorf("visage %s %.40s exits %d with %s", command, c.name, code, text)
			}
		}
	}
}
