package apitest

import "encoding/json"

// closed is a document whose objects have no other fields than those that it names,
// but where it says that they may.
func closed(document []byte) ([]byte, error) {
	var whole any
	if err := json.Unmarshal(document, &whole); err != nil {
		return nil, err
	}
	shut(whole)
	return json.Marshal(whole)
}

// shut closes the objects below a place in the document.
func shut(at any) {
	switch at := at.(type) {
	case map[string]any:
		_, named := at["properties"].(map[string]any)
		_, says := at["additionalProperties"]
		if at["type"] == "object" && named && !says {
			at["additionalProperties"] = false
		}
		for key, value := range at {
			if key != "example" {
				shut(value)
			}
		}
	case []any:
		for _, value := range at {
			shut(value)
		}
	}
}
