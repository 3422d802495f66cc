package embed_test

import (
	"bytes"
	"context"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// BenchmarkDetect finds the faces of photographs of up to a megapixel, from
// their encoded bytes.
func BenchmarkDetect(b *testing.B) {
	entries, err := registry.Entries()
	if err != nil {
		b.Fatal(err)
	}
	e, err := embed.Open(embed.Config{
		Store: registry.NewStore(entries, golden.Models(b)), Detector: "yunet", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(b),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { golden.Check(b, e.Close()) }()
	photos := smallPhotos(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, _, err := e.Detect(context.Background(), photos[i%len(photos)], face.AllFaces); err != nil {
			b.Fatal(err)
		}
	}
}

func smallPhotos(b *testing.B) (photos [][]byte) {
	paths, err := filepath.Glob(filepath.Join(golden.Photos(b), "people", "*", "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if size, err := jpeg.DecodeConfig(bytes.NewReader(data)); err == nil && size.Width*size.Height <= 1_000_000 {
			photos = append(photos, data)
		}
	}
	return photos
}

// BenchmarkEmbed makes the templates of the same photographs, alone and with whether
// their faces are live.
func BenchmarkEmbed(b *testing.B) {
	entries, err := registry.Entries()
	if err != nil {
		b.Fatal(err)
	}
	e, err := embed.Open(embed.Config{
		Store: registry.NewStore(entries, golden.Models(b)), Detector: "scrfd", Recognizer: "MobileFaceNet", Liveness: embed.Auto, OrtLib: golden.OrtLib(b),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { golden.Check(b, e.Close()) }()
	photos := smallPhotos(b)
	for name, live := range map[string]bool{"alone": false, "liveness": true} {
		b.Run(name, func(b *testing.B) {
			telling := e.Taking(embed.Taking{Liveness: live})
			for i := 0; b.Loop(); i++ {
				if _, err := telling.Embed(context.Background(), photos[i%len(photos)], face.AllFaces); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
