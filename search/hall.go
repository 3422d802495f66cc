package search

import (
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// hall is what one gallery of an Exact holds.
type hall struct {
	people  map[string]bool  // by readable name, also those without a template
	shelves map[string]shelf // by the space's name
}

// shelf is what a gallery holds in one space; both lists have one element for
// each template and only grow.
type shelf struct {
	candidates []face.Candidate
	metadata   []map[string]any // of the template's photograph; nil for none
}

// pass returns the candidates that a filter lets pass, in the order of the
// shelf.
func (s shelf) pass(f face.Filter) ([]face.Candidate, error) {
	if f.Empty() {
		return s.candidates, nil
	}
	wanted, err := decodeObject(f.Metadata)
	if err != nil {
		return nil, err
	}
	only, without := readable(f.Identities), readable(f.Excluded)
	var passing []face.Candidate
	for i, c := range s.candidates {
		name := face.Readable(c.Identity)
		switch {
		case len(only) > 0 && !slices.Contains(only, name), slices.Contains(without, name):
		case wanted != nil && (s.metadata[i] == nil || !contains(s.metadata[i], wanted)):
		default:
			passing = append(passing, c)
		}
	}
	return passing, nil
}

func readable(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = face.Readable(name)
	}
	return list
}
