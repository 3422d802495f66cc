package detect

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment using Multitask
// Cascaded Convolutional Networks", arXiv 1604.02878): a network that proposes
// windows on a pyramid of the photograph, one that refines them and one that
// judges them and places landmarks. Numbers and arithmetic as in
// timesler/facenet-pytorch, models/utils/detect_face.py; the mtcnn package
// (ipazc/mtcnn 0.1, mtcnn/mtcnn.py) has the same numbers.
const (
	mtcnnSide      = 1000  // pixels of the photograph's longer side at most
	mtcnnLargest   = 4096  // the same in DeepFace's profile; see openMTCNN
	mtcnnSmallest  = 20    // pixels of the smallest face's side
	mtcnnFactor    = 0.709 // from one level of the pyramid to the next, about the root of 1/2
	mtcnnCell      = 12    // pixels of a level that one proposal sees
	mtcnnStep      = 2     // pixels of a level between proposals
	mtcnnPropose   = 0.6   // least confidences of the three networks
	mtcnnRefine    = 0.7
	mtcnnThreshold = 0.7
	mtcnnOverlap   = 0.7 // of windows; see suppressWindows
	mtcnnLevel     = 0.5 // the same within a level of the pyramid
)

type mtcnn struct {
	propose, refine, output mtcnnStage
	side                    int
	least                   float32
}

// openMTCNN reads the proposal, refinement and output networks, in this order.
// DeepFace gives its packages the whole photograph; here a longer side than
// mtcnnLargest is reduced to it, for a photograph's sums and the first level of
// its pyramid take some 45 bytes a pixel: half a gigabyte for 12 megapixels.
func openMTCNN(networks []Network, o Options) (Detector, error) {
	if len(networks) != 3 {
		return nil, fmt.Errorf("%d graphs, want the proposal, refinement and output networks", len(networks))
	}
	side := sideOf(o, mtcnnSide)
	if o.deepface() {
		side = sideOf(o, mtcnnLargest)
	}
	m := &mtcnn{side: side, least: o.least(mtcnnThreshold, mtcnnThreshold)}
	var errs [3]error
	m.propose, errs[0] = openProposals(networks[0])
	m.refine, errs[1] = openCrops(networks[1], 24, false)
	m.output, errs[2] = openCrops(networks[2], 48, true)
	for i, name := range []string{"proposal", "refinement", "output"} {
		if errs[i] != nil {
			return nil, fmt.Errorf("%s network: %w", name, errs[i])
		}
	}
	return m, nil
}

func (m *mtcnn) Landmarks() int { return 5 }

func (m *mtcnn) Sees(photo image.Point) image.Point { return reduced(photo, m.side) }

func (m *mtcnn) Close() error {
	return errors.Join(m.propose.network.Close(), m.refine.network.Close(), m.output.network.Close())
}

func (m *mtcnn) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	w, h := float64(photo.Width()), float64(photo.Height())
	by := min(1, float64(m.side)/max(w, h))
	if min(w, h)*by < 1 {
		return nil, ctx.Err()
	}
	view, err := sumsOf(photo, by)
	if err != nil {
		return nil, err
	}
	windows, err := m.proposals(ctx, view)
	if err != nil {
		return nil, err
	}
	if windows, err = m.refined(ctx, view, windows); err != nil {
		return nil, err
	}
	if windows, err = m.judged(ctx, view, windows); err != nil {
		return nil, err
	}
	f := frame{back: face.Point{X: float32(1 / by), Y: float32(1 / by)}}
	found := make([]face.Detection, len(windows))
	for i, w := range windows {
		found[i] = f.detection(w.Detection)
	}
	return byConfidence(found), nil
}

// proposals are the windows of all levels of the pyramid.
func (m *mtcnn) proposals(ctx context.Context, view *sums) ([]window, error) {
	var all []window
	shorter := float64(min(view.width, view.height))
	for scale := float64(mtcnnCell) / mtcnnSmallest; shorter*scale >= mtcnnCell; scale *= mtcnnFactor {
		level, err := m.propose.level(ctx, view, scale)
		if err != nil {
			return nil, err
		}
		all = append(all, suppressWindows(level, mtcnnLevel, ofUnion)...)
	}
	all = suppressWindows(all, mtcnnOverlap, ofUnion)
	for i := range all {
		all[i].move(0)
		all[i].square()
	}
	return all, sound(all)
}

// refined are the windows that the second network believes in, moved by it.
func (m *mtcnn) refined(ctx context.Context, view *sums, windows []window) ([]window, error) {
	windows, err := m.refine.crops(ctx, view, windows, mtcnnRefine)
	if err != nil {
		return nil, err
	}
	windows = suppressWindows(windows, mtcnnOverlap, ofUnion)
	for i := range windows {
		windows[i].move(1)
		windows[i].square()
	}
	return windows, sound(windows)
}

// judged are the windows that are faces, with their landmarks.
func (m *mtcnn) judged(ctx context.Context, view *sums, windows []window) ([]window, error) {
	windows, err := m.output.crops(ctx, view, windows, m.least)
	if err != nil {
		return nil, err
	}
	for i := range windows {
		windows[i].place()
		windows[i].move(1)
	}
	return suppressWindows(windows, mtcnnOverlap, ofSmaller), sound(windows)
}
