package httpapi

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// Resources are what the routes below /v1 work on.
type Resources struct {
	// Store holds galleries, identities and faces. Without one there are no routes
	// below /v1.
	Store ResourceStore
	// Catalog tells of models. Required beside Store.
	Catalog Catalog
	// Jobs queues ingests. Required beside Store.
	Jobs Jobs
	// Indexes are those of the spaces. Required beside Store.
	Indexes Indexes
	// Crops cuts out the faces whose pictures are to be kept. Defaults to none: then
	// none are kept.
	Crops Crops
}

// ResourceStore is all of the database that the resources need.
type ResourceStore interface {
	Galleries
	Identities
	IdentityChanges
	Merges
	Faces
	FaceContents
	Spaces
	Answers
}

// Galleries are sets of identities.
type Galleries interface {
	// CreateGallery returns Exists for a name that is taken, and Invalid.
	CreateGallery(ctx context.Context, name string) error
	// Gallery returns NotFound for an unknown one.
	Gallery(ctx context.Context, name string) (face.Gallery, error)
	// GalleryPage returns a part of them and the cursor of the next; Invalid for a
	// page that cannot be.
	GalleryPage(ctx context.Context, page face.Page) ([]face.Gallery, string, error)
	// DeleteGallery erases one with everyone in it, or returns NotFound.
	DeleteGallery(ctx context.Context, name string) error
}

// Identities are the people of a gallery. All return NotFound for an unknown gallery
// or identity.
type Identities interface {
	CreateIdentity(ctx context.Context, gallery, name string) (face.Identity, error) // or Exists, Invalid
	Identity(ctx context.Context, gallery, name string) (face.Identity, error)
	IdentityByID(ctx context.Context, gallery, id string) (face.Identity, error)
	IdentityPage(ctx context.Context, gallery string, page face.Page) ([]face.Identity, string, error)
}

// IdentityChanges are made to one, known by its UUID. They return NotFound.
type IdentityChanges interface {
	RenameIdentityByID(ctx context.Context, gallery, id, to string) error // or Exists, Invalid
	DeleteIdentityByID(ctx context.Context, gallery, id string) error
}

// Merges make two identities one, and two again. They return NotFound.
type Merges interface {
	Merge(ctx context.Context, gallery, from, into string) (face.Merge, error) // or Invalid
	MergeByID(ctx context.Context, id string) (face.Merge, error)
	UndoMerge(ctx context.Context, id string) (face.Merge, error) // or Conflict
}

// Faces are those of an identity, or one of all. They return NotFound.
type Faces interface {
	AddFaces(ctx context.Context, gallery, identity string, additions []face.Addition) ([]face.Added, error) // or Invalid, Mismatch
	FacePage(ctx context.Context, gallery, identity string, page face.Page) ([]face.Stored, string, error)
	MoveFace(ctx context.Context, id string, to *string) (face.Stored, error)
	DeleteFace(ctx context.Context, id string) error
}

// FaceContents are what is kept of a face. They return NotFound.
type FaceContents interface {
	Face(ctx context.Context, id string) (face.Stored, error)
	TemplateOf(ctx context.Context, id string, space face.Space) (face.Template, error)
	Crop(ctx context.Context, id string) ([]byte, error)
}

// Spaces are where templates live.
type Spaces interface {
	// Space returns NotFound for one in which nothing was ever enrolled.
	Space(ctx context.Context, name string) (face.Space, error)
}

// Answers remembers what writes were answered.
type Answers interface {
	// Once does what a request asks for, or gives the answer again that it had, and
	// true. What do writes with its context is kept with the answer or not at all. It
	// returns Conflict for another request of the same key and while the same one is
	// under way, and the error of do.
	Once(ctx context.Context, r face.Request, do func(context.Context) (face.Response, error)) (face.Response, bool, error)
}

// Catalog tells of models.
type Catalog interface {
	// Models are all that are known, with their licences and whether they are
	// installed, as visage models list --json has them.
	Models(ctx context.Context) (any, error)
	// Thresholds are those that are known for the templates of a space; none where
	// nothing is known of its model.
	Thresholds(space face.Space) (face.Thresholds, error)
}

// Crops cuts faces out of a photograph.
type Crops interface {
	// Crops returns a JPEG picture of each box, with some of what is around it. It
	// returns the codes of photographs.
	Crops(ctx context.Context, photo []byte, boxes []face.Box) ([][]byte, error)
}

func (r Resources) complete() bool {
	return r.Store == nil || r.Catalog != nil && r.Jobs != nil && r.Indexes != nil
}
