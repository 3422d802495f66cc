package detect_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/caffetest"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// A photograph of 600x900 pixels is stretched to 300x300: factors 2 and 3.
func TestSSD(t *testing.T) {
	t.Parallel()
	photo := uniform(t, 600, 900, orange)
	network := answering([]int64{-1, 3, 300, 300},
		rows(2, 0.05, 0.95, 0.4, 0.6, 0.04, 0.96, 0.6, 0.4),
		rows(4, 0.101, 0.2, 0.301, 0.4, 0.6, 0.6, 0.9, 0.9, 0.101, 0.205, 0.301, 0.405, 0, 0, 1, 1))
	// The first overlaps the third, which is more confident; the fourth is not
	// confident enough. 0.101 x 600 = 60.6, 0.205 x 900 = 184.5.
	wantDetections(t, detectWith(t, "ssd", detect.Options{}, photo, network), []face.Detection{
		{Box: face.Box{X1: 60.6, Y1: 184.5, X2: 180.6, Y2: 364.5}, Confidence: 0.96},
		{Box: face.Box{X1: 360, Y1: 540, X2: 540, Y2: 810}, Confidence: 0.6},
	})
	wantChannels(t, network.seen, 7, 200, [3]float32{30 - 104, 130 - 177, 230 - 123})
	// DeepFace: trunc(0.101 x 300) = 30, trunc(0.205 x 300) = 61, and so on.
	wantDetections(t, detectWith(t, "ssd", detect.Options{Profile: face.DeepFace}, photo, network), []face.Detection{
		{Box: face.Box{X1: 60, Y1: 183, X2: 180, Y2: 363}, Confidence: 0.96},
	})
	wantChannels(t, network.seen, 7, 200, [3]float32{30, 130, 230})
}

// caffeSSD is a network in Caffe's format whose first answer's confidence is
// 0.5 and a hundredth of the mean of its input's first channel.
func caffeSSD(t *testing.T, o detect.Options) detect.Detector {
	t.Helper()
	var values []caffetest.Row
	for _, v := range []float32{
		0, 1, 0.5, 0.101, 0.2, 0.301, 0.4,
		0, 1, 0.55, 0.6, 0.6, 0.9, 0.9,
		0, 2, 0.99, 0.6, 0.6, 0.9, 0.9, // another class
		0, 1, 0.3, 0.6, 0.6, 0.9, 0.9, // not confident
		-1, 0, 0, 0, 0, 0, 0, // nothing
	} {
		values = append(values, caffetest.Row{Bias: v})
	}
	values[2].Weights[0] = 0.01
	description, weights := caffetest.Net(300, 7, values)
	detector, err := detect.OpenCaffeSSD(description, weights, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, detector.Close()) })
	return detector
}

func TestCaffeSSD(t *testing.T) {
	t.Parallel()
	blue := orange
	blue.B = 144 // 40 above the mean
	photo := uniform(t, 600, 900, blue)
	detector := caffeSSD(t, detect.Options{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			found, err := detector.Detect(context.Background(), photo)
			if err != nil {
				t.Error(err)
			}
			wantDetections(t, found, []face.Detection{
				{Box: face.Box{X1: 60.6, Y1: 180, X2: 180.6, Y2: 360}, Confidence: 0.9},
				{Box: face.Box{X1: 360, Y1: 540, X2: 540, Y2: 810}, Confidence: 0.55},
			})
		})
	}
	group.Wait()
}

// Without the mean the first answer's confidence is cut to 1.
func TestCaffeSSDAsDeepFace(t *testing.T) {
	t.Parallel()
	photo := uniform(t, 600, 900, orange)
	found, err := caffeSSD(t, detect.Options{Profile: face.DeepFace, Confidence: 0.75}).Detect(context.Background(), photo)
	if err != nil {
		t.Fatal(err)
	}
	// 0.5 + 30 / 100
	wantDetections(t, found, []face.Detection{{Box: face.Box{X1: 60, Y1: 180, X2: 180, Y2: 360}, Confidence: 0.8}})
}

func TestCaffeSSDRefuses(t *testing.T) {
	t.Parallel()
	description, weights := caffetest.Net(300, 5, slices.Repeat([]caffetest.Row{{}}, 10))
	if _, err := detect.OpenCaffeSSD(description, weights[:40], detect.Options{}); face.CodeOf(err) != face.Mismatch {
		t.Errorf("damaged weights: %v", err)
	}
	if _, err := detect.OpenCaffeSSD(description, weights, detect.Options{Side: 640}); face.CodeOf(err) != face.Invalid {
		t.Errorf("another size: %v", err)
	}
	if _, err := detect.OpenCaffeSSD(description, weights, detect.Options{Confidence: 2}); face.CodeOf(err) != face.Invalid {
		t.Errorf("confidence of 2: %v", err)
	}
	detector, err := detect.OpenCaffeSSD(description, weights, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer detector.Close()
	photo := uniform(t, 30, 30, orange)
	if _, err := detector.Detect(context.Background(), photo); err == nil {
		t.Error("five values a detection were taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := detector.Detect(ctx, photo); err == nil {
		t.Error("a cancelled run went on")
	}
}
