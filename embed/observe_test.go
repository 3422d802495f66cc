package embed_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// tally is an Observer that counts.
type tally struct {
	mu     sync.Mutex
	stages map[string]int
	faces  int
}

func (o *tally) Stage(name string, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if took >= 0 {
		o.stages[name]++
	}
}

func (o *tally) Batch(faces int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faces += faces
}

func TestObserver(t *testing.T) {
	t.Parallel()
	store := storeOf(t, map[string]onnxtest.Recognizer{"ArcFace": arcFace})
	o := &tally{stages: map[string]int{}}
	e := openIn(t, store, embed.Config{Detector: "yunet", Recognizer: "ArcFace", Observer: o})
	data := photo(t, "couple.jpg")
	found := 0
	for range 3 {
		got, err := e.Embed(context.Background(), data, face.AllFaces)
		if err != nil {
			t.Fatal(err)
		}
		found += len(got.Templates)
	}
	for _, stage := range []string{embed.StageTurn, embed.StageDetect, embed.StageRecognise} {
		if o.stages[stage] != 3 {
			t.Errorf("%s was told %d times of 3 photographs: %v", stage, o.stages[stage], o.stages)
		}
	}
	if o.faces != found {
		t.Errorf("batches of %d faces were told of %d", o.faces, found)
	}
}
