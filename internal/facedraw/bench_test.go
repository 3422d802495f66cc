package facedraw_test

import (
	"testing"

	"github.com/visagedb/visage/internal/facedraw"
)

func BenchmarkRender(b *testing.B) {
	p, v := facedraw.NewPerson(1), facedraw.NewView(1)
	for b.Loop() {
		p.Render(v, 480)
	}
}
