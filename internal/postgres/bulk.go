package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// ImportedBy stands for a detector in the faces of templates that came ready
// made: where in a photograph they were found is not known, so their box is
// (0,0)-(1,1), their confidence 1, and their image has 32 zero bytes for a hash.
const ImportedBy = "import"

// Import loads ready templates into a space of a gallery, in batches. It may be
// used by several goroutines at once, but for Finish.
type Import struct {
	db      *DB
	gallery string
	space   face.Space
	id      int32 // of the space
	// unindexed says that the space has no index until Finish builds it, which
	// takes far less time than to keep it while rows are added.
	unindexed bool
}

// BeginImport prepares to load templates into a space, which it makes if need
// be. Where the space is empty, its index goes, and comes back with Finish; so it
// does where an earlier import was cut short of that. Until then the space is
// searched exactly. It returns Mismatch and Invalid as EnsureSpace does.
func (d *DB) BeginImport(ctx context.Context, gallery string, space face.Space) (*Import, error) {
	id, err := d.spaceID(ctx, space)
	if err != nil {
		return nil, err
	}
	im := &Import{db: d, gallery: gallery, space: space, id: id}
	if space.Dim > mostIndexed {
		return im, nil
	}
	im.unindexed, err = d.dropIdleIndex(ctx, id)
	return im, err
}

// Add stores a batch of templates, all or none, and returns how many were new.
// Those whose image has a template in the space already, from this import or an
// earlier one or an ingest, stay as they are: with the same rows again, nothing
// changes. It makes the gallery and the identities that are named; an image that
// has an identity keeps it. It returns Invalid or Mismatch for a template that
// cannot be stored.
func (im *Import) Add(ctx context.Context, batch []face.Record) (added int, err error) {
	for _, r := range batch {
		if err := im.check(r); err != nil {
			return 0, err
		}
	}
	err = im.db.inTx(ctx, "postgres.Import", func(tx pgx.Tx) error {
		galleryID, err := ensureGallery(ctx, tx, im.gallery)
		if err != nil {
			return err
		}
		part := &importing{tx: tx, gallery: galleryID, space: im.id, rows: importRows(batch)}
		if err := part.storeNew(ctx); err != nil {
			return err
		}
		known, err := im.storeKnown(ctx, part)
		added = part.fresh + known
		return err
	})
	return added, err
}

func (im *Import) check(r face.Record) error {
	e := face.Enrolment{
		Image: face.Image{Path: r.Image}, Space: im.space,
		Templates: []face.Template{{Space: im.space, Vector: r.Vector}},
	}
	return checkEnrolment(e)
}

// storeKnown stores the templates of images that the gallery knew before, from
// another space or from an attempt that gave none, as an ingest would, and
// returns how many there were.
func (im *Import) storeKnown(ctx context.Context, part *importing) (int, error) {
	images, err := part.knownImages(ctx)
	if err != nil || len(images) == 0 {
		return 0, err
	}
	var batch []face.Enrolment
	for _, row := range part.rows {
		image, known := images[row.Image]
		if !known {
			continue
		}
		image.Identity = row.Identity
		found := face.Detection{Box: importedBox, Confidence: 1}
		batch = append(batch, face.Enrolment{
			Image: image, Space: im.space, Detector: ImportedBy,
			Templates: []face.Template{{Space: im.space, Vector: row.Vector, Detection: found}},
		})
	}
	same := &enrolling{tx: part.tx, gallery: part.gallery, space: im.id, rows: rowsOf(batch)}
	if err := same.store(ctx); err != nil {
		return 0, err
	}
	added := 0
	for _, row := range same.rows {
		if !row.settled() {
			added++
		}
	}
	return added, nil
}
