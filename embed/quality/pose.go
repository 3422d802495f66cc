package quality

import (
	"math"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/internal/face"
)

// nose is how far the tip of the nose lies before the eyes and the mouth, in
// distances of the eyes. In the head model that is in common use for telling poses by
// OpenCV's solvePnP (Mallick, Head pose estimation using OpenCV and dlib, 2016) it lies
// 135 before the outer corners of the eyes, which are 450 apart, and the mouth's 10; the
// eyes' middles are 0.7 as far apart as their outer corners (63 and 90 mm).
const nose = 135 / (0.7 * 450)

// Pose is how far the head is turned, as face.Measures has it, and whether the
// landmarks tell: it takes four or five, in the order of face.Landmarks, that do not
// coincide.
//
// Seen from afar, the nose of a head that is turned by an angle moves against the eyes
// and the mouth by nose times its sine, and the distances across the turn shrink by its
// cosine. How far down between eyes and mouth the nose of a level head lies is taken from
// ArcFace's template, whose faces look straight on: align.ArcFace. A turn in the
// picture's plane makes no difference.
func Pose(marks face.Landmarks) (yaw, pitch float64, ok bool) {
	if len(marks) < 4 || len(marks) > 5 {
		return 0, 0, false
	}
	level := proportions(align.ArcFace(align.Side).Points(4))
	now := proportions(marks)
	if now.eyes == 0 || now.mouth.along == 0 {
		return 0, 0, false
	}
	down := level.nose.along / level.mouth.along
	across := now.nose.across - down*now.mouth.across
	along := now.nose.along - down*now.mouth.along
	yaw = math.Atan2(across, nose*now.eyes)
	pitch = math.Atan2(along, nose*now.mouth.along*level.eyes/level.mouth.along)
	return yaw * 180 / math.Pi, pitch * 180 / math.Pi, true
}

// place is where a point lies from the middle between the eyes: along the face's
// own downward direction and across it, in pixels.
type place struct{ along, across float64 }

// layout are the proportions of a face's landmarks.
type layout struct {
	eyes        float64 // distance, in pixels
	nose, mouth place
}

// proportions takes four or five landmarks; that of coinciding eyes is zero.
func proportions(marks face.Landmarks) layout {
	eyes := marks[0].Distance(marks[1])
	if eyes == 0 {
		return layout{}
	}
	ux, uy := float64(marks[1].X-marks[0].X)/eyes, float64(marks[1].Y-marks[0].Y)/eyes
	middle := halfway(marks[0], marks[1])
	mouth := marks[3]
	if marks.Complete() {
		mouth = halfway(marks[3], marks[4])
	}
	from := func(p face.Point) place {
		dx, dy := float64(p.X-middle.X), float64(p.Y-middle.Y)
		return place{along: dy*ux - dx*uy, across: dx*ux + dy*uy}
	}
	return layout{eyes: eyes, nose: from(marks[2]), mouth: from(mouth)}
}

func halfway(a, b face.Point) face.Point { return face.Point{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2} }
