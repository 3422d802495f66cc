package embed_test

import (
	"bytes"
	"image/png"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/facedraw"
)

// A view with another crop is what Open would have made: the same space, thresholds
// and templates; and it leaves its Embedder as it is.
func TestCropped(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	cfg := embed.Config{Detector: "opencv", Recognizer: "ArcFace", Options: detect.Options{Profile: face.DeepFace}}
	plain := openIn(t, store, cfg)
	before := plain.Space()
	var data bytes.Buffer
	if err := png.Encode(&data, facedraw.NewPerson(1).Render(facedraw.NewView(1000), 160)); err != nil {
		t.Fatal(err)
	}
	for _, crop := range []embed.Crop{{}, {Unaligned: true}, {Expand: 20}, {Unaligned: true, Expand: 7}} {
		cfg.Crop = crop
		opened := openIn(t, store, cfg)
		view, err := plain.Cropped(crop)
		if err != nil {
			t.Fatal(err)
		}
		if view.Space() != opened.Space() || !slices.Equal(view.Thresholds(), opened.Thresholds()) {
			t.Errorf("%+v: %+v, opened %+v", crop, view.Space(), opened.Space())
		}
		got, err := view.Embed(t.Context(), data.Bytes(), face.Prominent)
		golden.Check(t, err)
		want, err := opened.Embed(t.Context(), data.Bytes(), face.Prominent)
		golden.Check(t, err)
		if !slices.Equal(got.Templates[0].Vector, want.Templates[0].Vector) {
			t.Errorf("%+v: another template than that of an Embedder opened so", crop)
		}
	}
	if plain.Space() != before {
		t.Errorf("the Embedder itself is in %+v now", plain.Space())
	}
	if _, err := plain.Cropped(embed.Crop{Expand: 1001}); face.CodeOf(err) != face.Invalid {
		t.Errorf("expanded by 1001: %v", err)
	}
	native := openIn(t, store, embed.Config{Detector: "opencv", Recognizer: "LBPH"})
	if _, err := native.Cropped(embed.Crop{Unaligned: true}); face.CodeOf(err) != face.Invalid {
		t.Errorf("unaligned for a model that needs alignment: %v", err)
	}
}
