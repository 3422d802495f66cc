package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/visagedb/visage/internal/face"
)

// importedBy stands for a detector where a template came without a photograph; such a
// face has the box (0,0)-(1,1) and the confidence 1.
const importedBy = "import"

// template reads a template that was sent in a photograph's stead.
func (v v1) template(ctx context.Context, f *fields) ([]outcome, []face.Addition, error) {
	t, err := v.sentTemplate(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	t.Detection = face.Detection{Box: face.Box{X2: 1, Y2: 1}, Confidence: 1}
	var bytesOf bytes.Buffer
	if err := binary.Write(&bytesOf, binary.LittleEndian, t.Vector); err != nil {
		return nil, nil, face.Wrap(face.Internal, err, "write a template down")
	}
	a := face.Addition{SHA256: sha256.Sum256(bytesOf.Bytes()), Size: int64(bytesOf.Len()), Detector: importedBy, Templates: []face.Template{t}}
	return []outcome{{Status: "enrolled"}}, []face.Addition{a}, nil
}

// sentTemplate is the template of the fields embedding and space.
func (v v1) sentTemplate(ctx context.Context, f *fields) (face.Template, error) {
	vector, isList, err := f.vector("embedding")
	name := f.text("space", "")
	switch {
	case err != nil:
		return face.Template{}, err
	case !isList:
		return face.Template{}, face.Errorf(face.Invalid, "embedding must be a list of numbers")
	case f.err != nil:
		return face.Template{}, f.err
	case name == "":
		return face.Template{}, face.Errorf(face.Invalid, "space is missing: say in which one the embedding lives, see /v1/spaces")
	}
	space, err := v.store().Space(ctx, name)
	if err == nil && len(vector) != space.Dim {
		err = face.Errorf(face.Mismatch, "the embedding has %d components, but space %s has %d", len(vector), name, space.Dim)
	}
	return face.Template{Space: space, Vector: vector}, err
}
