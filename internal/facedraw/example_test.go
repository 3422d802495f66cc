package facedraw_test

import (
	"fmt"

	"github.com/visagedb/visage/internal/facedraw"
)

func ExampleSamples() {
	for _, s := range facedraw.Samples(2, 4, 2) {
		first := s.Draw(s.Enrolled[0])
		fmt.Println(s.Name, len(s.Enrolled), len(s.Probes), first.Bounds().Max)
	}
	// Output:
	// sample-01 4 2 (480,480)
	// sample-02 4 2 (480,480)
}
