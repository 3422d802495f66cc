package cv_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
)

// photographs are the JPEGs among the labelled photographs, of up to 1,000,000
// pixels or of more.
func photographs(b *testing.B) (small, large []*cv.Source) {
	b.Helper()
	paths, err := filepath.Glob(filepath.Join(golden.Photos(b), "people", "*", "*.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		source, err := cv.Read(data, cv.Limits{Bytes: 1 << 30, Pixels: 1e9})
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case !source.Reduces():
		case source.Width()*source.Height() <= 1e6:
			small = append(small, source)
		default:
			large = append(large, source)
		}
	}
	return small, large
}

func perPicture(b *testing.B, pictures int) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*pictures), "us/picture")
}

// BenchmarkDecode decodes photographs at each reduction, with a pool.
func BenchmarkDecode(b *testing.B) {
	small, large := photographs(b)
	pool := cv.NewPool(0)
	defer pool.Close()
	for name, sources := range map[string][]*cv.Source{"small": small, "large": large} {
		for _, reduction := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/%d", name, reduction), func(b *testing.B) {
				for b.Loop() {
					for _, source := range sources {
						m, err := source.Decode(pool, reduction)
						if err != nil {
							b.Fatal(err)
						}
						m.Close()
					}
				}
				perPicture(b, len(sources))
			})
		}
	}
}

// BenchmarkPool decodes and resizes photographs of up to 1,000,000 pixels, with
// and without a pool.
func BenchmarkPool(b *testing.B) {
	small, _ := photographs(b)
	pool := cv.NewPool(0)
	defer pool.Close()
	for name, pool := range map[string]*cv.Pool{"with": pool, "without": nil} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, source := range small {
					m, err := source.Decode(pool, 1)
					if err != nil {
						b.Fatal(err)
					}
					resized, err := m.Resize(640, 640, cv.Bilinear)
					if err != nil {
						b.Fatal(err)
					}
					resized.Close()
					m.Close()
				}
			}
			perPicture(b, len(small))
		})
	}
}

// BenchmarkShrink scales a face of usual size and a large one down for a network that
// estimates attributes.
func BenchmarkShrink(b *testing.B) {
	for _, width := range []int{270, 1000} {
		b.Run(fmt.Sprint(width), func(b *testing.B) {
			height := width * 4 / 3
			m := noise(b, width, height)
			for b.Loop() {
				small, err := m.Shrink(cv.Region{Width: float64(width), Height: float64(height)}, 112, 112)
				if err != nil {
					b.Fatal(err)
				}
				if err := small.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
