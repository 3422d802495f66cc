package postgres

import (
	"github.com/visagedb/visage/internal/face"
)

// batch is what the follower is to be told, at most once of each template and face:
// the last word counts.
type batch struct {
	rows       map[int32]map[[16]byte]face.Enrolled // by space and face; without a vector where it has to be looked up
	removed    map[int32]map[[16]byte]struct{}
	identities map[[16]byte][16]byte
	size       int // rows and faces, each as often as it came
	components int
}

func newBatch() batch {
	return batch{
		rows: map[int32]map[[16]byte]face.Enrolled{}, removed: map[int32]map[[16]byte]struct{}{}, identities: map[[16]byte][16]byte{},
	}
}

func (b *batch) put(space int32, row face.Enrolled) {
	if b.rows[space] == nil {
		b.rows[space] = map[[16]byte]face.Enrolled{}
	}
	delete(b.removed[space], row.Face)
	b.rows[space][row.Face] = row
	b.size++
	b.components += len(row.Vector)
}

func (b *batch) remove(space int32, id [16]byte) {
	if b.removed[space] == nil {
		b.removed[space] = map[[16]byte]struct{}{}
	}
	delete(b.rows[space], id)
	b.removed[space][id] = struct{}{}
	b.size++
}

func (b *batch) large() bool {
	return b.size >= piece || b.components >= pieceSize || len(b.identities) >= piece
}
