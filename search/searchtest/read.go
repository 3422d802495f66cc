package searchtest

import (
	"path"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// numbers are the candidates' photographs by the numbers that name them.
func numbers(found []face.Candidate) []string {
	list := make([]string, len(found))
	for i, c := range found {
		list[i] = strings.TrimSuffix(path.Base(c.Image), ".jpg")
	}
	return list
}

func faceIDs(found []face.Candidate) []string {
	list := make([]string, len(found))
	for i, c := range found {
		list[i] = c.FaceID
	}
	return list
}
