package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
	im.unindexed, err = d.dropIdleIndex(ctx, id, space.Dim)
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
		if err := checkEnrolment(im.enrolment(face.Image{Path: r.Image}, r)); err != nil {
			return 0, err
		}
	}
	rows, names := importRows(batch), identitiesOfRecords(batch)
	// Identities are committed first, because batches that are stored at once
	// share some, and would wait for each other to end.
	if err := im.inGallery(ctx, names, func(*importing) error { return nil }); err != nil {
		return 0, err
	}
	err = im.inGallery(ctx, names, func(part *importing) (err error) {
		added, err = im.store(ctx, part, rows)
		return err
	})
	return added, err
}

// inGallery runs a transaction in which the gallery and the identities exist.
func (im *Import) inGallery(ctx context.Context, names []string, fn func(*importing) error) error {
	return im.db.inTx(ctx, "postgres.Import", func(tx pgx.Tx) error {
		gallery, err := ensureGallery(ctx, tx, im.gallery)
		if err != nil {
			return err
		}
		identities := map[string]pgtype.UUID{}
		if len(names) > 0 {
			if identities, err = ensureIdentities(ctx, tx, gallery, names); err != nil {
				return err
			}
		}
		return fn(&importing{tx: tx, gallery: gallery, space: im.id, identities: identities})
	})
}

// identitiesOfRecords are the names of a batch, each once.
func identitiesOfRecords(batch []face.Record) []string {
	var names []string
	for _, r := range batch {
		if r.Identity != "" {
			names = append(names, face.Readable(r.Identity))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (im *Import) store(ctx context.Context, part *importing, rows []*importRow) (int, error) {
	known, err := part.known(ctx, rows)
	if err != nil {
		return 0, err
	}
	var fresh []*importRow
	var again []face.Enrolment
	for _, row := range rows {
		image, found := known[row.Image]
		switch {
		case !found:
			fresh = append(fresh, row)
		case !image.enrolled:
			image.Identity = row.Identity
			again = append(again, im.enrolment(image.Image, row.Record))
		}
	}
	if err := part.copyNew(ctx, fresh); err != nil {
		return 0, err
	}
	added, err := part.addKnown(ctx, again)
	return added + len(fresh), err
}

func (im *Import) enrolment(image face.Image, r face.Record) face.Enrolment {
	found := face.Detection{Box: importedBox, Confidence: 1}
	return face.Enrolment{
		Image: image, Space: im.space, Detector: ImportedBy,
		Templates: []face.Template{{Space: im.space, Vector: r.Vector, Detection: found}},
	}
}
