package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// regionName is what a region is known by.
type regionName struct{ space, gallery string }

func nameOf(q face.Query) regionName {
	return regionName{q.Space.Name(), face.Readable(q.Gallery)}
}

// errMoved says that a region is not any more what was remembered of it.
var errMoved = errors.New("the gallery, the space or its indexes have changed")

// whereabouts finds the region of a query. It may be remembered from an earlier search:
// then the search has to be sent along with a check, and the region to be forgotten
// where that fails. A filter's identities are looked up before the search, so that
// with them nothing is remembered. It returns what locate returns.
func (d *DB) whereabouts(ctx context.Context, q face.Query) (at region, remembered bool, err error) {
	if known, ok := d.regions.Load(nameOf(q)); ok && len(q.Filter.Identities)+len(q.Filter.Excluded) == 0 && known.(region).dim == q.Space.Dim {
		return known.(region), true, nil
	}
	at, err = d.locate(ctx, q)
	if err == nil {
		d.regions.Store(nameOf(q), at)
	}
	return at, false, err
}

// check adds to a batch that a remembered region is still what it was; else the batch
// ends with errMoved.
func check(pending *pgx.Batch, q face.Query, at region) {
	pending.Queue(locateRegion, nameOf(q).space, nameOf(q).gallery).QueryRow(func(row pgx.Row) error {
		var now region
		if err := row.Scan(now.fields()...); err != nil {
			return err
		}
		if now != at {
			return errMoved
		}
		return nil
	})
}
