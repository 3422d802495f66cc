package queue

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// Task is all that decides the outcome of a piece besides its files.
type Task struct {
	Gallery string `json:"gallery"`
	// Root is the folder or archive, an absolute path without symbolic links.
	Root Raw `json:"root"`
	// Include and Exclude are an archive's, as in ingest.Config. The pieces of a
	// folder have none: they name their files.
	Include []Raw        `json:"include,omitempty"`
	Exclude []Raw        `json:"exclude,omitempty"`
	Gates   ingest.Gates `json:"gates"`
	Models  Models       `json:"models"`
	// Spaces are those that the models' templates must live in, one for each
	// recogniser.
	Spaces []face.Space `json:"spaces"`
}

// Models is what embeds, by the settings of embed.Config.
type Models struct {
	Recognizers []string `json:"recognizers"`
	Detector    string   `json:"detector"` // or its file's name, where it has one
	// DetectorWeights is the SHA-256 of the detector's file; empty where it has
	// none.
	DetectorWeights string `json:"detector_weights,omitempty"`
	// Setting is what the ledger knows the detector by, embed.Embedder.Detector.
	Setting       string       `json:"setting"`
	Profile       face.Profile `json:"profile,omitempty"` // empty for each recogniser's own
	Normalization string       `json:"normalization,omitempty"`
	Side          int          `json:"side,omitempty"`
	Confidence    float32      `json:"confidence,omitempty"`
	Thorough      bool         `json:"thorough,omitempty"`
	Turned        bool         `json:"turned,omitempty"`
	Unaligned     bool         `json:"unaligned,omitempty"`
	Expand        int          `json:"expand,omitempty"`
	// Liveness is the model that tells live faces from pictures of faces; empty where
	// the gates do not ask.
	Liveness string `json:"liveness,omitempty"`
	// Attributes are to be stored with the faces, by these models of them, or the best
	// that the worker has.
	Attributes      []face.Attribute `json:"attributes,omitempty"`
	AttributeModels []string         `json:"attribute_models,omitempty"`
}

// queue is the name of the task's River queue.
func (t Task) queue() (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", face.Wrap(face.Internal, err, "queue: a task that cannot be written down")
	}
	sum := sha256.Sum256(text)
	return "ingest-" + hex.EncodeToString(sum[:16]), nil
}

// Raw is a string of any bytes, such as a path, which JSON's strings cannot hold:
// one that is not UTF-8 is written as an array with its bytes in base64.
type Raw string

// MarshalJSON loses nothing.
func (r Raw) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(r)) {
		return json.Marshal(string(r))
	}
	return json.Marshal([1]string{base64.StdEncoding.EncodeToString([]byte(r))})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Raw) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*string)(r))
	}
	var encoded [1]string
	if err := json.Unmarshal(text, &encoded); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(encoded[0])
	*r = Raw(data)
	return err
}

// Raws makes Raws of strings.
func Raws(texts []string) []Raw {
	raws := make([]Raw, len(texts))
	for i, text := range texts {
		raws[i] = Raw(text)
	}
	return raws
}

// Strings makes strings of Raws.
func Strings(raws []Raw) []string {
	texts := make([]string, len(raws))
	for i, raw := range raws {
		texts[i] = string(raw)
	}
	return texts
}
