package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// curl is a command that sends the example of a body: files where there is a form with
// one, else JSON. Values in the example that begin with @ are files.
func curl(method, path string, params []docParameter, keyed bool, bodies map[string]docMedia) string {
	query := "?"
	for _, p := range params {
		switch {
		case p.In == "path" && p.Example != "":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Example)
		case p.In == "query" && p.Example != "":
			query += p.Name + "=" + strings.ReplaceAll(p.Example, " ", "%20")
		}
	}
	command := "curl -sS"
	if method != http.MethodGet && len(bodies) == 0 || method == http.MethodPatch {
		command += " -X " + method
	}
	command += ` "$VISAGE` + path + strings.TrimSuffix(query, "?") + `"`
	if keyed {
		command += ` -H "Authorization: Bearer $KEY"`
	}
	if form := bodies["multipart/form-data"].Example; strings.Contains(string(form), `"@`) {
		return command + formFlags(form)
	}
	if example := bodies["application/json"].Example; example != nil {
		command += " -H 'Content-Type: application/json' -d '" + string(example) + "'"
	}
	return command
}

// formFlags are curl's for the values of an example.
func formFlags(example json.RawMessage) string {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(example, &values); err != nil {
		return ""
	}
	flags := ""
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var list []string
		if json.Unmarshal(values[name], &list) != nil {
			list = []string{strings.Trim(string(values[name]), `"`)}
		}
		for _, value := range list {
			flags += " -F '" + name + "=" + value + "'"
		}
	}
	return flags
}
