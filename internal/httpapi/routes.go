package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// routes are all that is served, with who may use it.
func (s *Server) routes() []route {
	all := []route{
		{http.MethodGet, "/", rule{scope: open}, welcome},
		{http.MethodGet, "/openapi.json", rule{scope: open}, s.document},
		{http.MethodGet, "/docs", rule{scope: open}, s.page},
		{http.MethodGet, "/healthz", rule{scope: open}, s.alive},
		{http.MethodGet, "/readyz", rule{scope: open}, s.ready},
		{http.MethodGet, "/metrics", rule{face.ScopeRead, everyGallery}, echo.WrapHandler(s.cfg.Metrics.Handler())},
		{http.MethodPost, "/represent", rule{face.ScopeRead, noGallery}, s.represent},
		{http.MethodPost, "/verify", rule{face.ScopeRead, noGallery}, s.verify},
		{http.MethodPost, "/analyze", rule{face.ScopeRead, noGallery}, s.analyze},
		{http.MethodPost, "/extract", rule{face.ScopeRead, noGallery}, s.extract},
		{http.MethodPost, "/find", rule{face.ScopeRead, galleryInBody}, s.find},
		{http.MethodPost, "/search", rule{face.ScopeRead, galleryInBody}, s.search},
		{http.MethodPost, "/register", rule{face.ScopeEnrol, galleryInBody}, s.register},
		{http.MethodPost, "/build/index", rule{face.ScopeAdmin, everyGallery}, s.buildIndex},
	}
	if s.cfg.Resources.Store != nil {
		all = append(all, v1{s}.routes()...)
	}
	return all
}

// routes are the resources. Those that write take an Idempotency-Key.
func (v v1) routes() []route {
	const people, person = "/v1/galleries/:gallery/identities", "/v1/galleries/:gallery/identities/:identity"
	once := v.idempotent
	return []route{
		{http.MethodGet, "/v1/galleries", rule{face.ScopeRead, galleryByHandler}, v.galleries},
		{http.MethodPost, "/v1/galleries", rule{face.ScopeEnrol, everyGallery}, once(v.createGallery)},
		{http.MethodGet, "/v1/galleries/:gallery", rule{face.ScopeRead, galleryInPath}, v.gallery},
		{http.MethodDelete, "/v1/galleries/:gallery", rule{face.ScopeDelete, galleryInPath}, once(v.deleteGallery)},
		{http.MethodPost, "/v1/galleries/:gallery/search", rule{face.ScopeRead, galleryInPath}, v.search},
		{http.MethodGet, people, rule{face.ScopeRead, galleryInPath}, v.identities},
		{http.MethodPost, people, rule{face.ScopeEnrol, galleryInPath}, once(v.createIdentity)},
		{http.MethodGet, person, rule{face.ScopeRead, galleryInPath}, v.identity},
		{http.MethodPatch, person, rule{face.ScopeEnrol, galleryInPath}, once(v.renameIdentity)},
		{http.MethodDelete, person, rule{face.ScopeDelete, galleryInPath}, once(v.deleteIdentity)},
		{http.MethodPost, person + "/merge", rule{face.ScopeEnrol, galleryInPath}, once(v.mergeIdentity)},
		{http.MethodPost, person + "/verify", rule{face.ScopeRead, galleryInPath}, v.verifyIdentity},
		{http.MethodGet, person + "/faces", rule{face.ScopeRead, galleryInPath}, v.faces},
		{http.MethodPost, person + "/faces", rule{face.ScopeEnrol, galleryInPath}, once(v.addFaces)},
		{http.MethodGet, "/v1/merges/:merge", rule{face.ScopeRead, galleryByHandler}, v.ofMerge(v.merge)},
		{http.MethodPost, "/v1/merges/:merge/undo", rule{face.ScopeEnrol, galleryByHandler}, once(v.ofMerge(v.undoMerge))},
		{http.MethodGet, "/v1/faces/:face", rule{face.ScopeRead, galleryByHandler}, v.ofFace(v.face)},
		{http.MethodPatch, "/v1/faces/:face", rule{face.ScopeEnrol, galleryByHandler}, once(v.ofFace(v.moveFace))},
		{http.MethodDelete, "/v1/faces/:face", rule{face.ScopeDelete, galleryByHandler}, once(v.ofFace(v.deleteFace))},
		{http.MethodGet, "/v1/faces/:face/crop", rule{face.ScopeRead, galleryByHandler}, v.ofFace(v.crop)},
		{http.MethodGet, "/v1/models", rule{face.ScopeRead, noGallery}, v.models},
		{http.MethodGet, "/v1/spaces", rule{face.ScopeRead, everyGallery}, v.spaces},
		{http.MethodGet, "/v1/indexes", rule{face.ScopeRead, everyGallery}, v.spaces},
		{http.MethodPost, "/v1/indexes", rule{face.ScopeAdmin, everyGallery}, once(v.changeIndex)},
		{http.MethodPost, "/v1/recall", rule{face.ScopeAdmin, everyGallery}, once(v.measureRecall)},
		{http.MethodGet, "/v1/operations", rule{face.ScopeAdmin, everyGallery}, v.operations},
		{http.MethodGet, "/v1/operations/:operation", rule{face.ScopeAdmin, everyGallery}, v.operation},
		{http.MethodGet, "/v1/jobs", rule{face.ScopeAdmin, everyGallery}, v.jobs},
		{http.MethodPost, "/v1/jobs", rule{face.ScopeAdmin, galleryInBody}, once(v.enqueue)},
		{http.MethodGet, "/v1/jobs/:job", rule{face.ScopeAdmin, everyGallery}, v.job},
		{http.MethodDelete, "/v1/jobs/:job", rule{face.ScopeAdmin, everyGallery}, once(v.cancelJob)},
	}
}
