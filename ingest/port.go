package ingest

import (
	"context"
	"crypto/sha256"

	"github.com/visagedb/visage/internal/face"
)

// Embedder turns a photograph into templates. It is called by several
// goroutines at once.
type Embedder interface {
	// EmbedIn returns the chosen faces of the encoded photograph, at least one, in
	// each of the given spaces, which are some of the run's. It returns NoFace,
	// Unsupported, Undecodable, TooLarge or Empty where the photograph is at fault,
	// and Internal where this one photograph failed for another reason; any other
	// code stops the run.
	EmbedIn(ctx context.Context, data []byte, which face.Choice, spaces []face.Space) ([]face.Photo, error)
}

// Ledger remembers what became of each photograph. The methods that change it
// may return Unavailable, upon which they are called again with the same
// arguments, also where the first call took effect and only its answer was
// lost. They are called by one goroutine of a run; the others by any, and other
// runs may use the ledger at the same time.
type Ledger interface {
	// Known returns what the gallery remembers in the given space of those of
	// the photographs at the given absolute paths that it knows, by their path.
	Known(ctx context.Context, gallery string, space face.Space, paths []string) (map[string]face.LedgerEntry, error)
	// Below hands on, in any order, the paths at or below root, an absolute path,
	// of which the gallery remembers something in the given space. Where it
	// returns Unavailable, it is called again and begins anew.
	Below(ctx context.Context, gallery string, space face.Space, root string, take func(path string)) error
	// Twins returns some of the photographs of the given content of which the
	// gallery remembers something in the given space, with their templates. It
	// is called by several goroutines at once.
	Twins(ctx context.Context, gallery string, space face.Space, content [sha256.Size]byte) ([]face.Enrolment, error)
	// Move gives photographs that the gallery knows new paths, and says of each
	// whether it did: not where the ledger knows the new path, or no longer
	// knows the old one with that content.
	Move(ctx context.Context, gallery string, moves []face.Move) ([]bool, error)
	// Enrol stores a batch of outcomes, all or none, and makes the gallery,
	// identities and space that it names where need be. What the ledger held of
	// another content under the same path goes; an outcome that it holds
	// already stays as it is. It returns Invalid or Mismatch where a
	// photograph of the batch cannot be stored as it is; the others are then
	// offered again.
	Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error
	// Touch stores new sizes and modification times of photographs whose
	// content is as the ledger has it.
	Touch(ctx context.Context, gallery string, images []face.Image) error
	// Forget removes photographs with their faces from the gallery and
	// returns how many there were.
	Forget(ctx context.Context, gallery string, paths []string) (int, error)
}
