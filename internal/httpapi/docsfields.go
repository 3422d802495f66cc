package httpapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type (
	// docWord is a part of what a type is called, maybe the name of a schema.
	docWord struct {
		Text string
		Link bool
	}
	docField struct {
		Name, Description string
		Needed            bool
		Type              []docWord
	}
)

func words(text string) []docWord { return []docWord{{Text: text}} }

// call is what a schema's type is called.
func (s docSchema) call() []docWord {
	switch {
	case s.Ref != "":
		return []docWord{{named(s.Ref), true}}
	case s.Const != "":
		return words(fmt.Sprintf("%q", s.Const))
	case len(s.Enum) > 0:
		return words(strings.Join(s.Enum, " | ") + s.bounds())
	case len(s.OneOf)+len(s.AnyOf) > 0:
		var all []docWord
		for i, one := range slices.Concat(s.OneOf, s.AnyOf) {
			if i > 0 {
				all = append(all, docWord{Text: " or "})
			}
			all = append(all, one.call()...)
		}
		return all
	case len(s.Type) == 1 && s.Type[0] == "array" && s.Items != nil:
		return append(words("list of "), s.Items.call()...)
	case s.Format == "binary":
		return words("file")
	default:
		return words(strings.Join(s.Type, " or ") + s.bounds())
	}
}

// bounds are what a value's format, range and default are.
func (s docSchema) bounds() string {
	var text strings.Builder
	if s.Format != "" {
		text.WriteString(" (" + s.Format + ")")
	}
	if s.Minimum != nil {
		fmt.Fprintf(&text, ", from %g", *s.Minimum)
	}
	if s.Maximum != nil {
		fmt.Fprintf(&text, ", up to %g", *s.Maximum)
	}
	if s.Default != nil {
		fmt.Fprintf(&text, ", default %v", s.Default)
	}
	return text.String()
}

// fields are those of an object: the needed ones first, then by name.
func (f docFile) fields(s docSchema) []docField {
	if s.Ref != "" {
		s = f.Components.Schemas[named(s.Ref)]
	}
	var all []docField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		one := s.Properties[name]
		all = append(all, docField{name, one.Description, slices.Contains(s.Required, name), one.call()})
	}
	slices.SortStableFunc(all, func(a, b docField) int {
		return cmp.Compare(rank(a.Needed), rank(b.Needed))
	})
	return all
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}
