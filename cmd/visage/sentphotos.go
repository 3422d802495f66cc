package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
)

// longestPath is how long a path of a file may be (Linux, PATH_MAX).
const longestPath = 4096

// sentPhotos reads what requests name photographs by. A text that is neither a data
// URI nor a URL is base64, never a path.
type sentPhotos struct{ *photo.Reader }

// Read is httpapi.Photos'. Many paths are base64 of something; those are told from
// photographs by what they would be, and not by what the server has.
func (r sentPhotos) Read(ctx context.Context, text string) ([]byte, error) {
	if photo.KindOf(text) != photo.File {
		return r.Reader.Read(ctx, text)
	}
	data, err := r.Inline(text)
	if err == nil && len(text) <= longestPath && !strings.HasPrefix(http.DetectContentType(data), "image/") {
		err = face.Errorf(face.Invalid, "it is neither a data URI nor the base64 of a picture, and paths of files are not read here")
	}
	return data, err
}

var _ httpapi.Photos = sentPhotos{}
