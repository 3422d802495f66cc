package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// decodeObject reads a JSON object with its numbers as they are written. It
// returns Invalid for anything else, and nil for empty text.
func decodeObject(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, face.Wrap(face.Invalid, err, "metadata %q is no JSON object", text)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, face.Errorf(face.Invalid, "metadata %q is more than one JSON object", text)
	}
	return object, nil
}

// contains says whether one decoded JSON value contains another as Postgres's
// operator @> has it: of an object each key with what its value contains, of an
// array each element in any place, of all else the same value. The operator's
// exception, that an array contains a bare value, is for whole documents only.
func contains(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		for key, value := range part {
			held, known := object[key]
			ok = ok && known && contains(held, value)
		}
		return ok
	case []any:
		list, ok := whole.([]any)
		for _, value := range part {
			ok = ok && slices.ContainsFunc(list, func(held any) bool { return contains(held, value) })
		}
		return ok
	case json.Number:
		number, ok := whole.(json.Number)
		return ok && sameNumber(number, part)
	default:
		return whole == part
	}
}

// sameNumber compares by value, as jsonb does: 1 is 1.0 and 1e0.
func sameNumber(a, b json.Number) bool {
	x, ok := new(big.Rat).SetString(a.String())
	y, also := new(big.Rat).SetString(b.String())
	if !ok || !also { // an exponent of millions, which Postgres does not take either
		return a == b
	}
	return x.Cmp(y) == 0
}
