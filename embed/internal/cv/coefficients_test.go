package cv_test

import (
	"bytes"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
)

// sameAsTurboJPEG tests a JPEG at all sizes, and says whether it is one whose coefficients
// package jpeg reads.
func sameAsTurboJPEG(t *testing.T, name string, data []byte) bool {
	t.Helper()
	source, err := cv.Read(data, cv.Limits{Bytes: 1 << 26, Pixels: 1 << 26})
	if err != nil {
		return false
	}
	for _, reduction := range []int{1, 2, 4, 8} {
		got := cv.DecodeProgressive(source, reduction)
		if got == nil && reduction > 1 && min(source.Width(), source.Height()) < 8 {
			continue
		}
		if got == nil {
			return false
		}
		want, err := cv.DecodeByTurboJPEG(source, reduction)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s at 1/%d: other pixels than libjpeg-turbo's: %v", name, reduction, err)
		}
	}
	return true
}

func TestProgressiveIsTurboJPEGs(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 1}, {3, 3}, {4, 4}, {5, 9}, {7, 8}, {8, 8}, {17, 31}, {64, 48}, {203, 131}} {
		colours := noise(t, size.X, size.Y)
		grey := colours.Grey()
		t.Cleanup(func() { check(t, grey.Close()) })
		for _, m := range []*cv.Image{colours, grey} {
			for _, quality := range []int{5, 60, 95, 100} {
				for _, restart := range []int{0, 1, 7} {
					data, err := m.JPEG(quality, 1, restart)
					check(t, err)
					name := fmt.Sprintf("%v of %d channels, quality %d, restart %d", size, m.Channels(), quality, restart)
					if !sameAsTurboJPEG(t, name, data) {
						t.Errorf("%s: not read", name)
					}
				}
			}
		}
	}
}

func TestProgressivePhotographsAreTurboJPEGs(t *testing.T) {
	t.Parallel()
	read := 0
	check(t, filepath.WalkDir(golden.Photos(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && sameAsTurboJPEG(t, path, data) {
			read++
		}
		return err
	}))
	if read < 10 {
		t.Errorf("%d photographs were progressive", read)
	}
}

// Whatever is read of a JPEG is what libjpeg-turbo reads.
func FuzzProgressive(f *testing.F) {
	for _, channels := range []int{1, 3} {
		m := noise(f, 21, 35)
		if channels == 1 {
			m = m.Grey()
			f.Cleanup(func() { _ = m.Close() })
		}
		for _, restart := range []int{0, 3} {
			data, err := m.JPEG(70, 1, restart)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if source, err := cv.Read(data, limits); err == nil && source.Width()*source.Height() < 1<<20 {
			sameAsTurboJPEG(t, "a JPEG", data)
		}
	})
}
