package face

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Filter narrows a search to some of a gallery's templates. The zero Filter
// lets all of them pass; of several conditions all must hold.
type Filter struct {
	// Identities are names. Where there are any, only their faces pass.
	Identities []string `json:"identities,omitempty"`
	// Excluded are names whose faces do not pass. Faces that belong to nobody do.
	Excluded []string `json:"not_identities,omitempty"`
	// Metadata is a JSON object that the metadata of the face's photograph must
	// contain, in the sense of Postgres's operator @> of jsonb. Empty for any.
	Metadata json.RawMessage `json:"where,omitempty"`
}

// Empty says whether the filter lets everything pass.
func (f Filter) Empty() bool {
	return len(f.Identities) == 0 && len(f.Excluded) == 0 && len(f.Metadata) == 0
}

// Check returns Invalid where the metadata to look for is no JSON object.
func (f Filter) Check() error {
	if len(f.Metadata) == 0 {
		return nil
	}
	var object map[string]any
	err := json.Unmarshal(f.Metadata, &object)
	if err != nil || object == nil || !utf8.Valid(f.Metadata) {
		return Wrap(Invalid, err, `metadata %q to look for is no JSON object: give one such as {"source":"badge"}`, f.Metadata)
	}
	return nil
}

// CheckNames returns NotFound, naming them, where identities of the filter are
// not known in the gallery. The function is asked for readable names; see
// Readable.
func (f Filter) CheckNames(gallery string, known func(name string) bool) error {
	var missing []string
	seen := map[string]bool{}
	for _, name := range slices.Concat(f.Identities, f.Excluded) {
		if !seen[name] && !known(Readable(name)) {
			missing = append(missing, `"`+name+`"`)
		}
		seen[name] = true
	}
	if len(missing) == 0 {
		return nil
	}
	return Errorf(NotFound, "gallery %q has no identity %s: visage identity list shows those it has", gallery, strings.Join(missing, ", "))
}
