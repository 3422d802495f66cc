package apitest

import "encoding/json"

// closed is a document whose objects have no other fields than those that it names.
// Left as they are those that say so themselves, and the members of an allOf, which
// know nothing of each other.
func closed(document []byte) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(document, &whole); err != nil {
		return nil, err
	}
	members := map[string]bool{}
	collect(whole, members)
	shut(whole, "#", members)
	return json.Marshal(whole)
}

// collect notes what schemas are members of an allOf, by their references.
func collect(at any, members map[string]bool) {
	switch at := at.(type) {
	case map[string]any:
		if all, ok := at["allOf"].([]any); ok {
			for _, one := range all {
				if member, ok := one.(map[string]any); ok {
					if ref, ok := member["$ref"].(string); ok {
						members[ref] = true
					}
				}
			}
		}
		for _, value := range at {
			collect(value, members)
		}
	case []any:
		for _, value := range at {
			collect(value, members)
		}
	}
}

// shut closes the objects below a place in the document.
func shut(at any, pointer string, members map[string]bool) {
	switch at := at.(type) {
	case map[string]any:
		_, named := at["properties"].(map[string]any)
		_, says := at["additionalProperties"]
		_, joined := at["allOf"]
		if at["type"] == "object" && named && !says && !joined && !members[pointer] {
			at["additionalProperties"] = false
		}
		for key, value := range at {
			if key != "allOf" && key != "example" {
				shut(value, pointer+"/"+key, members)
			}
		}
	case []any:
		for _, value := range at {
			shut(value, pointer+"/-", members)
		}
	}
}
