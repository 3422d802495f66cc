package postgres

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pglogrepl"

	"github.com/visagedb/visage/internal/face"
)

// kind says what a table's rows are. The zero value is nothing that is followed.
type kind int

const (
	otherRows kind = iota
	spaceRows
	faceRows
	templateRows
)

// table is one that the server tells of.
type table struct {
	kind
	id      int32          // of the space, of templates
	columns map[string]int // where they stand in a row
}

// newTable reads what the server says of a table before it sends its first row. It
// returns cannotFollow for one that lacks a column.
func newTable(m *pglogrepl.RelationMessage) (table, error) {
	t := table{columns: map[string]int{}}
	for i, column := range m.Columns {
		t.columns[column.Name] = i
	}
	var needed []string
	space, ofTemplates := strings.CutPrefix(m.RelationName, "embeddings_")
	id, err := strconv.ParseInt(space, 10, 32)
	switch {
	case m.Namespace != "visage":
		return t, nil
	case ofTemplates && err == nil:
		t.kind, t.id, needed = templateRows, int32(id), []string{"face_id", "gallery_id", "embedding"}
	case m.RelationName == "faces":
		t.kind, needed = faceRows, []string{"id", "identity_id"}
	case m.RelationName == "spaces":
		t.kind, needed = spaceRows, []string{"id", "recognizer", "weights", "profile", "detector", "dim", "unit"}
	}
	for _, name := range needed {
		if _, known := t.columns[name]; !known {
			return t, cannotFollow{face.Errorf(face.Unavailable, "the publications do not have the column %s of visage.%s: drop %s and %s, which are made anew", name, m.RelationName, templatesPublication, facesPublication)}
		}
	}
	return t, nil
}

// value is a column of a row, as its type sends it: nil for null, and for a value that
// lies outside of the row and was not changed.
func (t table) value(row *pglogrepl.TupleData, name string) ([]byte, error) {
	at := t.columns[name]
	if at >= len(row.Columns) {
		return nil, fmt.Errorf("a row has no column %s", name)
	}
	switch column := row.Columns[at]; column.DataType {
	case pglogrepl.TupleDataTypeNull, pglogrepl.TupleDataTypeToast:
		return nil, nil
	case pglogrepl.TupleDataTypeBinary:
		return column.Data, nil
	default:
		return nil, fmt.Errorf("the column %s comes as text", name)
	}
}

// uuid is a column that holds an id, zero for null.
func (t table) uuid(row *pglogrepl.TupleData, name string) (id [16]byte, err error) {
	value, err := t.value(row, name)
	if err == nil && value != nil && copy(id[:], value) != len(value) {
		err = fmt.Errorf("the column %s has %d bytes, which is no id", name, len(value))
	}
	return id, err
}

// key is the face of a template of which only the key is known.
func (t table) key(row *pglogrepl.TupleData) ([16]byte, error) { return t.uuid(row, "face_id") }

// face is a face with its identity.
func (t table) face(row *pglogrepl.TupleData) (id, identity [16]byte, err error) {
	if id, err = t.uuid(row, "id"); err == nil {
		identity, err = t.uuid(row, "identity_id")
	}
	return id, identity, err
}

// template is a template without its face's identity, and without its vector where that
// was not sent.
func (t table) template(row *pglogrepl.TupleData) (e face.Enrolled, err error) {
	if e.Face, err = t.uuid(row, "face_id"); err != nil {
		return e, err
	}
	if e.Gallery, err = t.uuid(row, "gallery_id"); err != nil {
		return e, err
	}
	vector, err := t.value(row, "embedding")
	if err != nil || vector == nil {
		return e, err
	}
	e.Vector = make([]float32, max(0, len(vector)-4)/4)
	return e, readVector(vector, e.Vector)
}

// space is a space with its number.
func (t table) space(row *pglogrepl.TupleData) (id int32, s face.Space, err error) {
	values := map[string][]byte{}
	for name := range t.columns {
		if values[name], err = t.value(row, name); err != nil {
			return 0, s, err
		}
	}
	if len(values["id"]) != 4 || len(values["dim"]) != 4 || len(values["unit"]) != 1 {
		return 0, s, fmt.Errorf("a space comes in an unknown form")
	}
	return int32(binary.BigEndian.Uint32(values["id"])), face.Space{
		Recognizer: string(values["recognizer"]), Weights: string(values["weights"]), Profile: face.Profile(values["profile"]),
		Detector: string(values["detector"]), Dim: int(binary.BigEndian.Uint32(values["dim"])), Unit: values["unit"][0] != 0,
	}, nil
}
