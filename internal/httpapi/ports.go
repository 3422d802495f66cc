package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Store is what the routes need of the database.
type Store interface {
	search.Gallery
	// Enrol stores outcomes, all or none.
	Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error
	// Known is what the gallery remembers of photographs in a space, by their path.
	Known(ctx context.Context, gallery string, space face.Space, paths []string) (map[string]face.LedgerEntry, error)
}

// Builder builds indexes.
type Builder interface {
	// BuildIndex sees to it that the space has the index that serves a metric. It
	// returns NotFound for a space in which nothing was ever enrolled, Invalid for
	// one of too many dimensions, and Unavailable while another program builds it or
	// where ctx ends first: the build then goes on.
	BuildIndex(ctx context.Context, space face.Space, metric face.Metric) error
}

// Models lends networks that are open.
type Models interface {
	// Lend gives an Embedder for the choice, which the caller gives back by calling
	// the function once. It returns NotFound for an unknown name, Unavailable for what
	// is not installed, Invalid for settings that do not go together, and Cancelled.
	Lend(ctx context.Context, choice Choice) (Embedder, func(), error)
	// LendCutter is Lend for what needs no recogniser; the choice's counts for
	// nothing.
	LendCutter(ctx context.Context, choice Choice) (Cutter, func(), error)
}

// Choice are the models of a request, and how it wants faces prepared.
type Choice struct {
	Recognizer string // empty for the server's own
	Detector   string // empty for the server's own
	// Unaligned cuts out the detector's box as it is.
	Unaligned bool
	// Expand grows boxes that are not aligned by landmarks, in percent.
	Expand int
	// Normalization is DeepFace's; empty for the model's own.
	Normalization string
}

// Embedder turns photographs into templates of one space.
type Embedder interface {
	Space() face.Space
	Recognizer() string
	Detector() string
	Thresholds() face.Thresholds
	// Faces finds the faces of a photograph and makes a template of each. It returns
	// the codes of photographs (NoFace, Unsupported, Undecodable, TooLarge, Empty) and
	// Cancelled.
	Faces(ctx context.Context, photo []byte, want Wanted) (face.Photo, error)
	// FacesFed is Faces and shows what the network was given.
	FacesFed(ctx context.Context, photo []byte, want Wanted) (face.Photo, Fed, error)
	// Range is the least and the largest value that DeepFace's minmax_normalize takes
	// components to have, and whether it knows any.
	Range() (ends [2]float64, ok bool)
}

// Fed is what a network was given for each of some faces. The values run over the
// channels fastest, then over the columns; Shape is rows, columns, channels. A
// recogniser that is no network has neither.
type Fed struct {
	Shape  []int
	Values [][]float32
}

// Cutter cuts faces out of photographs.
type Cutter interface {
	Detector() string
	// Cut finds the faces of a photograph and cuts them out. Errors are those of
	// Embedder.Faces.
	Cut(ctx context.Context, photo []byte, want Wanted) (Cut, error)
}

// Cut are the faces of a photograph of a size in pixels, as displayed.
type Cut struct {
	Width, Height int
	Crops         []Crop
}

// Crop is one face, cut out.
type Crop struct {
	Detection face.Detection
	PNG       []byte
	Alignment *Alignment // nil where it was not aligned onto a template
	Quality   face.Quality
	Liveness  *face.Liveness // nil where nobody asked
}

// Alignment tells how a face lay on the template.
type Alignment struct {
	// Residual is how far the landmarks lie from the template's after alignment, as a
	// share of the eyes' distance.
	Residual float64 `json:"residual"`
	// Scale is the crop's pixels for one of the photograph.
	Scale float64 `json:"scale"`
	// Roll is by how many degrees the face was turned in the picture.
	Roll float64 `json:"roll"`
}

// Analyzer estimates attributes of faces.
type Analyzer interface {
	// Analyze estimates what is asked for every face of a photograph. It returns
	// Unavailable, saying what to install, where it has no model for some of it, and
	// the codes of Embedder.Faces. A photograph without a face is NoFace, even where
	// Anyway is wanted: its attributes would be invented. Liveness is Asked for, not
	// Wanted.
	Analyze(ctx context.Context, photo []byte, asked Asked, choice Choice, want Wanted) ([]Analysis, error)
}

// Asked is what an Analyzer is to say of faces.
type Asked struct {
	// Actions are some of emotion, age, gender and race; nil for those that the
	// Analyzer has models for.
	Actions []string
	// Liveness asks whether faces are live, rather than pictures of faces.
	Liveness bool
}

// Analysis is one face as DeepFace's analyze answers it. What was not asked for is
// absent.
type Analysis struct {
	Age             *int               `json:"age,omitempty"`
	Gender          map[string]float64 `json:"gender,omitempty"` // percent, by label
	DominantGender  string             `json:"dominant_gender,omitempty"`
	Race            map[string]float64 `json:"race,omitempty"` // percent, by label
	DominantRace    string             `json:"dominant_race,omitempty"`
	Emotion         map[string]float64 `json:"emotion,omitempty"` // percent, by label
	DominantEmotion string             `json:"dominant_emotion,omitempty"`
	Region          search.FacialArea  `json:"region"`
	Confidence      float32            `json:"face_confidence"` // of the detection
	// Models are the names of those that were asked, by attribute.
	Models map[string]string `json:"models,omitempty"`
	// Liveness is the JSON's is_real and antispoof_score.
	*face.Liveness
}

// Wanted says which faces of a photograph to return.
type Wanted struct {
	// MaxFaces keeps those with the largest boxes; 0 keeps all.
	MaxFaces int
	// Prominent keeps the most prominent one alone, whatever MaxFaces says.
	Prominent bool
	// Anyway takes the whole photograph for a face where none is found.
	Anyway bool
	// Liveness has face.Measures.Liveness, or Crop.Liveness, say of each face whether
	// it is live. It is Unavailable where there is no model that could.
	Liveness bool
}

// Photos reads a photograph from a text that was sent: base64, a data URI, or a URL
// where the operator allows them. It returns Invalid for any other, among them paths.
type Photos interface {
	Read(ctx context.Context, text string) ([]byte, error)
}

// Keys knows the keys of callers. *postgres.DB is one.
type Keys interface {
	// Key returns the key with a public id, and whether there is one.
	Key(ctx context.Context, id string) (face.Key, bool, error)
	// AnyKey says whether a key was ever made.
	AnyKey(ctx context.Context) (bool, error)
	// UseKey notes that a key was used.
	UseKey(ctx context.Context, id string) error
}

// Metrics count what is served.
type Metrics interface {
	// Served counts a request. The route is a pattern, empty for an unknown one.
	Served(method, route string, status int, took time.Duration)
	// Stage counts a part of a request: wait, embed or search.
	Stage(name string, took time.Duration)
	// Handler gives the counts to Prometheus.
	Handler() http.Handler
}

// uncounted are Metrics that forget.
type uncounted struct{}

func (uncounted) Served(string, string, int, time.Duration) {}
func (uncounted) Stage(string, time.Duration)               {}
func (uncounted) Handler() http.Handler                     { return http.NotFoundHandler() }
