package cv_test

import (
	"image"
	"image/color"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

func newPool(t *testing.T, bytes int64) *cv.Pool {
	t.Helper()
	pool := cv.NewPool(bytes)
	t.Cleanup(func() { closed(t, pool) })
	return pool
}

func closed(t *testing.T, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// derived is what the transformations make of a picture, which it closes.
func derived(t *testing.T, m *cv.Image) map[string]*image.RGBA {
	t.Helper()
	defer m.Close()
	out := map[string]*image.RGBA{}
	keep := func(name string, m *cv.Image, err error) { out[name] = rgba(t, m, err) }
	whole, err := m.Crop(m.Bounds())
	keep("crop", whole, err)
	resized, err := m.Resize(m.Width()-7, m.Height()-3, cv.Area)
	keep("resize", resized, err)
	warped, err := m.Warp(cv.Affine{A: 1, C: 50, E: 1, F: 60}, m.Width(), m.Height())
	keep("warp", warped, err)
	padded, err := m.Pad(0.1)
	keep("pad", padded, err)
	keep("blur", m.Blur(2), nil)
	grey := m.Grey()
	keep("grey of grey", grey.Grey(), nil)
	keep("grey", grey, nil)
	return out
}

// Memory that held another picture shows nothing of it.
func TestPooledPictures(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 0)
	white := image.NewGray(image.Rect(0, 0, 400, 300))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	m := slope(400, 300)
	for range 2 {
		for name, data := range map[string][]byte{
			"JPEG":   asJPEG(t, m),
			"turned": withSegment(asJPEG(t, m), 0xe1, "Exif\x00\x00"+tiffHeader(7)),
			"PNG":    asPNG(t, m),
			"GIF":    asGIF(t, m.Bounds(), image.NewPaletted(image.Rect(20, 20, 40, 40), color.Palette{m.RGBAAt(0, 0)})),
			"WebP":   animatedWebP(image.Pt(400, 300), image.Rect(6, 8, 66, 48), asWebP(t, slope(60, 40), 95)),
		} {
			derived(t, decode(t, pool, asJPEG(t, white)))
			want := derived(t, decode(t, nil, data))
			for what, got := range derived(t, decode(t, pool, data)) {
				if d := difference(t, got, want[what]); d != 0 {
					t.Errorf("%s, %s: %d levels from the same without a pool", name, what, d)
				}
			}
		}
	}
	if pool.Idle() == 0 {
		t.Error("the pool keeps nothing")
	}
}

func decode(t *testing.T, pool *cv.Pool, data []byte) *cv.Image {
	t.Helper()
	m, err := read(t, data).Decode(pool, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPoolReusesAndForgets(t *testing.T) {
	t.Parallel()
	const one = 400 * 400 * 3 // bytes of a picture; its block is up to a quarter larger
	pool := newPool(t, 3*one)
	data := asJPEG(t, slope(400, 400))
	closed(t, decode(t, pool, data))
	idle := pool.Idle()
	if idle < one || idle > one+one/4 {
		t.Errorf("%d bytes are idle after one picture of %d", idle, one)
	}
	first := decode(t, pool, data)
	if pool.Idle() != 0 {
		t.Errorf("%d bytes are idle while the picture is open", pool.Idle())
	}
	closed(t, first)
	closed(t, first)
	if pool.Idle() != idle {
		t.Errorf("%d bytes are idle after the same picture, %d after the first", pool.Idle(), idle)
	}
	var many []*cv.Image
	for range 5 {
		many = append(many, decode(t, pool, data))
	}
	for _, m := range many {
		closed(t, m)
	}
	if pool.Idle() > 3*one || pool.Idle() < 2*one {
		t.Errorf("%d bytes are idle, at most %d may be", pool.Idle(), 3*one)
	}
	// What the pool would not keep it does not lend.
	small := newPool(t, one/2)
	closed(t, decode(t, small, data))
	closed(t, decode(t, pool, asJPEG(t, slope(16, 16))))
	if small.Idle() != 0 {
		t.Errorf("%d bytes of a picture above the limit are idle", small.Idle())
	}
}

func TestClosedPool(t *testing.T) {
	t.Parallel()
	pool := cv.NewPool(0)
	data := asJPEG(t, slope(400, 300))
	before := decode(t, pool, data)
	closed(t, decode(t, pool, data))
	closed(t, pool)
	closed(t, pool)
	if pool.Idle() != 0 {
		t.Errorf("%d bytes are idle in a closed pool", pool.Idle())
	}
	closed(t, before)
	closed(t, decode(t, pool, data))
	if pool.Idle() != 0 {
		t.Errorf("%d bytes came back to a closed pool", pool.Idle())
	}
	var none *cv.Pool
	closed(t, none)
	closed(t, decode(t, none, data))
}

func TestPoolOfManyGoroutines(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 4<<20)
	data := asJPEG(t, slope(400, 300))
	want := decoded(t, data)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				m, err := cv.Read(data, limits)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := m.Decode(pool, 1)
				if err != nil {
					t.Error(err)
					return
				}
				if d := difference(t, rgba(t, got, nil), want); d != 0 {
					t.Errorf("%d levels off", d)
				}
			}
		})
	}
	all.Wait()
}
