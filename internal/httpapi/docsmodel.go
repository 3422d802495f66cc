package httpapi

import (
	"encoding/json"
	html "html/template"
	"maps"
	"regexp"
	"slices"
	"strings"
)

type (
	// shownPage is what docs.html shows.
	shownPage struct {
		Title, Address string
		Description    []string
		Style          html.CSS
		Tags           []shownTag
		Schemas        []shownSchema
	}
	shownTag struct {
		Name, Description string
		Operations        []shownOperation
	}
	shownOperation struct {
		ID, Method, Path, Summary, Description, Scope, Curl string
		Parameters                                          []docField
		Bodies                                              []shownBody
		Answers                                             []shownAnswer
	}
	shownBody struct {
		Kind   string
		Fields []docField
	}
	shownAnswer struct {
		Status, Description string
		Type                []docWord
	}
	shownSchema struct {
		Name, Description string
		Type              []docWord
		Fields            []docField
	}
)

// pathParam is a parameter in a path as echo writes it.
var pathParam = regexp.MustCompile(`:(\w+)`)

// newShownPage reads a document for the page. What is served is in its order.
func newShownPage(document []byte, routes []route) (shownPage, error) {
	var file docFile
	if err := json.Unmarshal(document, &file); err != nil {
		return shownPage{}, err
	}
	page := shownPage{
		Title: file.Info.Title, Address: "http://127.0.0.1:8080", Style: html.CSS(docsCSS),
		Description: strings.Split(file.Info.Description, "\n\n"), Schemas: file.schemas(),
	}
	for _, tag := range file.Tags {
		shown := shownTag{Name: tag.Name, Description: tag.Description}
		for _, r := range routes {
			path := pathParam.ReplaceAllString(r.path, "{$1}")
			item := file.Paths[path]
			if o := item.operation(r.method); o != nil && slices.Contains(o.Tags, tag.Name) {
				shown.Operations = append(shown.Operations, file.shown(r.method, path, item, *o))
			}
		}
		if len(shown.Operations) > 0 {
			page.Tags = append(page.Tags, shown)
		}
	}
	return page, nil
}

// shown is one operation.
func (f docFile) shown(method, path string, item docPath, o docOperation) shownOperation {
	all := shownOperation{ID: o.ID, Method: method, Path: path, Summary: o.Summary, Description: o.Description}
	for _, way := range o.Security {
		all.Scope = strings.Join(way["bearer"], ", ") + all.Scope
	}
	var params []docParameter
	for _, p := range slices.Concat(item.Parameters, o.Parameters) {
		p = f.parameter(p)
		params = append(params, p)
		all.Parameters = append(all.Parameters, docField{p.Name + " (" + p.In + ")", p.Description, p.Required, p.Schema.call()})
	}
	for _, kind := range slices.Sorted(maps.Keys(o.Body.Content)) {
		if kind == "application/x-www-form-urlencoded" { // the same as the other form
			continue
		}
		all.Bodies = append(all.Bodies, shownBody{kind, f.fields(o.Body.Content[kind].Schema)})
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		r := f.response(o.Responses[status])
		answer := shownAnswer{Status: status, Description: r.Description}
		if media, ok := r.Content["application/json"]; ok {
			answer.Type = media.Schema.call()
		}
		all.Answers = append(all.Answers, answer)
	}
	all.Curl = curl(method, path, params, all.Scope != "", o.Body.Content)
	return all
}

// schemas are those that have a name.
func (f docFile) schemas() []shownSchema {
	var all []shownSchema
	for _, name := range slices.Sorted(maps.Keys(f.Components.Schemas)) {
		s := f.Components.Schemas[name]
		one := shownSchema{Name: name, Description: s.Description, Fields: f.fields(s)}
		if len(one.Fields) == 0 {
			one.Type = s.call()
		}
		all = append(all, one)
	}
	return all
}
