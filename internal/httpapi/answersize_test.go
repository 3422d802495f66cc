package httpapi

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// stuck is the connection of a caller who does not read.
type stuck struct {
	*httptest.ResponseRecorder
	writing, read chan struct{}
}

func (s stuck) Write(p []byte) (int, error) {
	close(s.writing)
	<-s.read
	return len(p), nil
}

// A caller who does not read the answer keeps no place at the models from others.
func TestSlowReadersHoldNoModels(t *testing.T) {
	t.Parallel()
	for path, fields := range map[string]string{
		"/represent": "", "/find": "", "/search": "", "/register": "", "/verify": `,"img1":"YQ==","img2":"YQ=="`, "/extract": "",
	} {
		b := setup(t, Config{MaxInferences: 1})
		b.server.cfg.Models = inTurns{pictures{b.models, []image.Point{{8, 8}}}, b.server}
		body := strings.TrimSuffix(photoBody("a face"), "}") + `,"threshold":0.5` + fields + "}"
		r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body))
		r.Host = "localhost"
		w := stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
		ended := make(chan struct{})
		go func() { defer close(ended); b.server.Handler().ServeHTTP(w, r) }()
		<-w.writing
		if n := b.server.Load().Inferring; n != 0 {
			t.Errorf("%s holds the models while its answer is read", path)
		}
		close(w.read)
		<-ended
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// pictures are models that cut out crops of some sizes.
type pictures struct {
	*standIn
	sizes []image.Point
}

func (p pictures) LendCutter(context.Context, Choice) (Cutter, func(), error) {
	return p, func() {}, nil
}

func (p pictures) Cut(context.Context, []byte, Wanted) (Cut, error) {
	cut := Cut{Width: 10, Height: 10}
	for _, size := range p.sizes {
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewGray(image.Rectangle{Max: size})); err != nil {
			return cut, err
		}
		cut.Crops = append(cut.Crops, Crop{PNG: file.Bytes(), Quality: face.Quality{Reasons: []face.QualityReason{}}})
	}
	return cut, nil
}

func (p pictures) Lend(context.Context, Choice) (Embedder, func(), error) { return p, func() {}, nil }

func (p pictures) FacesFed(ctx context.Context, photo []byte, want Wanted) (face.Photo, Fed, error) {
	seen, err := p.Faces(ctx, photo, want)
	size := p.sizes[0]
	return seen, Fed{Shape: []int{size.Y, size.X, 3}, Values: [][]float32{make([]float32, 3*size.X*size.Y)}}, err
}

// Pictures as numbers are refused where there would be too many: a photograph of
// 100 million pixels, sent in 300 KB, would otherwise make an answer of 3 GB.
func TestAnswersOfNumbersAreLimited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, fields string
		sizes        []image.Point
		status       int
	}{
		{"/extract", `,"return_face":true`, []image.Point{{1154, 1154}}, 200},
		{"/extract", `,"return_face":true`, []image.Point{{1155, 1155}}, 413},
		{"/extract", `,"return_face":true`, []image.Point{{1000, 1000}, {1000, 500}}, 413},
		{"/extract", `,"return_face":true,"color_face":"gray"`, []image.Point{{1155, 1155}}, 200},
		{"/extract", ``, []image.Point{{3000, 3000}}, 200},
		{"/represent", `,"return_face":true`, []image.Point{{112, 112}}, 200},
		{"/represent", `,"return_face":true`, []image.Point{{1155, 1155}}, 413},
		{"/represent", ``, []image.Point{{1155, 1155}}, 200},
	} {
		b := setup(t, Config{})
		b.server.cfg.Models = pictures{b.models, c.sizes}
		a := b.ask("POST", c.path, strings.TrimSuffix(photoBody("a face"), "}")+c.fields+"}")
		if a.status != c.status {
			t.Errorf("%s %s of %v: %d %.200s, want %d", c.path, c.fields, c.sizes, a.status, a.body, c.status)
		}
	}
	if err := (&allowance{bytes: mostCrops}).take(0, mostCrops+1); face.CodeOf(err) != face.TooLarge {
		t.Errorf("crops without end: %v", err)
	}
}
