package httpapi

import (
	"encoding/json"
	"strings"
)

// These read of the document what the page shows.
type (
	docFile struct {
		Info struct {
			Title       string `json:"title"`
			Description string `json:"description"`
		} `json:"info"`
		Tags []struct {
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"tags"`
		Paths      map[string]docPath `json:"paths"`
		Components struct {
			Parameters map[string]docParameter `json:"parameters"`
			Responses  map[string]docResponse  `json:"responses"`
			Schemas    map[string]docSchema    `json:"schemas"`
		} `json:"components"`
	}
	docPath struct {
		Parameters []docParameter `json:"parameters"`
		Get        *docOperation  `json:"get"`
		Post       *docOperation  `json:"post"`
		Patch      *docOperation  `json:"patch"`
		Delete     *docOperation  `json:"delete"`
	}
	docOperation struct {
		ID          string                 `json:"operationId"`
		Tags        []string               `json:"tags"`
		Summary     string                 `json:"summary"`
		Description string                 `json:"description"`
		Security    []map[string][]string  `json:"security"`
		Parameters  []docParameter         `json:"parameters"`
		Body        docResponse            `json:"requestBody"`
		Responses   map[string]docResponse `json:"responses"`
	}
	docParameter struct {
		Ref         string    `json:"$ref"`
		Name        string    `json:"name"`
		In          string    `json:"in"`
		Description string    `json:"description"`
		Required    bool      `json:"required"`
		Schema      docSchema `json:"schema"`
		Example     string    `json:"example"`
	}
	docResponse struct {
		Ref         string              `json:"$ref"`
		Description string              `json:"description"`
		Content     map[string]docMedia `json:"content"`
	}
	docMedia struct {
		Schema  docSchema       `json:"schema"`
		Example json.RawMessage `json:"example"`
	}
	docSchema struct {
		Ref         string               `json:"$ref"`
		Type        docTypes             `json:"type"`
		Format      string               `json:"format"`
		Description string               `json:"description"`
		Required    []string             `json:"required"`
		Properties  map[string]docSchema `json:"properties"`
		Items       *docSchema           `json:"items"`
		OneOf       []docSchema          `json:"oneOf"`
		AnyOf       []docSchema          `json:"anyOf"`
		Enum        []string             `json:"enum"`
		Const       string               `json:"const"`
		Minimum     *float64             `json:"minimum"`
		Maximum     *float64             `json:"maximum"`
		Default     any                  `json:"default"`
	}
	// docTypes is one type or a list of them.
	docTypes []string
)

// UnmarshalJSON reads a text or a list.
func (t *docTypes) UnmarshalJSON(data []byte) error {
	if !strings.HasPrefix(string(data), "[") {
		data = []byte("[" + string(data) + "]")
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// operation is what a path has for a method.
func (p docPath) operation(method string) *docOperation {
	return map[string]*docOperation{"GET": p.Get, "POST": p.Post, "PATCH": p.Patch, "DELETE": p.Delete}[method]
}

// named is the last part of a reference, which names what it refers to.
func named(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (f docFile) parameter(p docParameter) docParameter {
	if p.Ref != "" {
		return f.Components.Parameters[named(p.Ref)]
	}
	return p
}

func (f docFile) response(r docResponse) docResponse {
	if r.Ref != "" {
		return f.Components.Responses[named(r.Ref)]
	}
	return r
}
