package embed

import "time"

// Observer is told what an Embedder does, for metrics. Its methods are called by
// several goroutines at once, and should not take long.
type Observer interface {
	// Stage tells how long a photograph took for a part of the way: StageTurn,
	// StageDetect, StageLiveness or, for up to 32 of its faces, StageRecognise.
	Stage(name string, took time.Duration)
	// Batch tells how many faces went into a run of a recogniser's network.
	Batch(faces int)
}

// The stages that an Observer is told of.
const (
	StageTurn      = "turn"      // waiting for a processor, once the photograph is there
	StageDetect    = "detect"    // decoding it and finding its faces
	StageLiveness  = "liveness"  // telling whether they are live, where that is asked
	StageRecognise = "recognise" // making embeddings of them, with the waiting for others'
)

// unobserved is an Observer of nothing.
type unobserved struct{}

func (unobserved) Stage(string, time.Duration) {}
func (unobserved) Batch(int)                   {}

// timed tells the Observer of a stage when the function that it returns is called.
func (e *Embedder) timed(stage string) (end func()) {
	begun := time.Now()
	return func() { e.observer.Stage(stage, time.Since(begun)) }
}
