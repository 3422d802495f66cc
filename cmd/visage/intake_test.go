package main

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// Errors about an archive that was sent do not tell where the server keeps it.
func TestErrorsWithoutPaths(t *testing.T) {
	t.Parallel()
	const path = "/var/lib/visage/uploads/0123"
	err := withoutPath(face.Errorf(face.Unreadable, "ingest: the archive %s is damaged: unexpected EOF", path), path, "archive")
	if face.CodeOf(err) != face.Unreadable || strings.Contains(err.Error(), "/var") || !strings.Contains(err.Error(), "archive is damaged") {
		t.Error(err)
	}
	if err := withoutPath(nil, path, "archive"); err != nil {
		t.Errorf("no error became %v", err)
	}
}
