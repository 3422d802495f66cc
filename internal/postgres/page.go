package postgres

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/visagedb/visage/internal/face"
)

// startOf reads the values that a page begins after, so many of them; those of the
// first page are empty. It returns Invalid for a limit out of range and a cursor that
// is none.
func startOf(page face.Page, values int) ([]string, error) {
	if page.Limit < 1 || page.Limit > face.MostListed {
		return nil, face.Errorf(face.Invalid, "a list of %d: ask for 1 to %d at once", page.Limit, face.MostListed)
	}
	if page.After == "" {
		return make([]string, values), nil
	}
	var after []string
	text, err := base64.RawURLEncoding.DecodeString(page.After)
	if err == nil {
		err = json.Unmarshal(text, &after)
	}
	for _, value := range after {
		if !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			after = nil
		}
	}
	if err != nil || len(after) != values {
		return nil, face.Errorf(face.Invalid, "the cursor is none that a list of this kind gave")
	}
	return after, nil
}

// cut takes a row more than a page has off, and gives the cursor that leads to it.
func cut[T any](rows []T, page face.Page, key func(T) []string) ([]T, string) {
	if len(rows) <= page.Limit {
		return rows, ""
	}
	rows = rows[:page.Limit]
	text, _ := json.Marshal(key(rows[len(rows)-1])) // texts can be written
	return rows, base64.RawURLEncoding.EncodeToString(text)
}
