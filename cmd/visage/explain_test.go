package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	inner := &face.Error{Code: face.Exists, Op: "postgres.CreateGallery", Message: "a gallery of this name exists already", Err: errors.New("SQLSTATE 23505")}
	for want, err := range map[string]error{
		"a gallery of this name exists already":            inner,
		"gallery x exists already":                         face.Wrap(face.Exists, inner, "gallery x exists already"),
		"a.jpg: a gallery of this name exists already":     fmt.Errorf("a.jpg: %w", inner),
		"the store: a gallery of this name exists already": face.Wrap(face.Unavailable, inner, "the store"),
		"read: permission denied":                          face.Wrap(face.Unreadable, errors.New("permission denied"), "read"),
		"plain":                                            errors.New("plain"),
	} {
		if got := explain(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
