package ingest

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestSieve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		include, exclude, listed string
		want                     bool
	}{
		{"", "", "ann/1.jpg", true},
		{"*.jpg", "", "1.jpg", true},
		{"*.jpg", "", "ann/1.jpg", false},
		{"**/*.jpg", "", "1.jpg", true},
		{"**/*.jpg", "", "ann/deep/1.jpg", true},
		{"**/*.jpg", "", "ann/deep/1.png", false},
		{"**/*.jpg **/*.png", "", "ann/deep/1.png", true},
		{"ann/**", "", "ann/deep/1.jpg", true},
		{"ann/", "", "ann/1.jpg", false},
		{"*/**/x/**/1.*", "", "a/b/x/c/x/1.jpg", true},
		{"*/**/x/**/1.*", "", "x/1.jpg", false},
		{"[a-c]*/?.jpg", "", "bob/\xff.jpg", true},
		{"", "ann", "ann/1.jpg", false},
		{"", "ann/", "ann/deep/1.jpg", false},
		{"", "ann/**", "anna/1.jpg", true},
		{"", "**/thumbs", "ann/deep/thumbs/1.jpg", false},
		{"", "**/thumbs", "ann/thumbs.jpg", true},
		{"**/*.jpg", "**/bad*", "ann/bad.jpg", false},
		{"**/" + strings.Repeat("**/*a*/", 30) + "b", "", strings.Repeat("aaa/", 60) + "c", false},
	} {
		s, err := newSieve(strings.Fields(c.include), strings.Fields(c.exclude))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.passes(c.listed); got != c.want {
			t.Errorf("include %q, exclude %q: %q passes %v, want %v", c.include, c.exclude, c.listed, got, c.want)
		}
	}
}

func TestSieveRefusesPatterns(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"", "/abs/*.jpg", "a//b", "../x", "./x", "[", "a/[z-"} {
		if _, err := newSieve(nil, []string{pattern}); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "Exclude") {
			t.Errorf("%q: error %v, want Invalid", pattern, err)
		}
	}
}
