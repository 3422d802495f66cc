package quality_test

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/internal/face"
)

// seenFrom are the landmarks of ArcFace's template whose nose stands out by 0.43
// distances of the eyes, of a head that is turned to the side, nods and is then turned
// in the picture's plane, by degrees, seen from afar.
func seenFrom(yaw, pitch, roll float64, points int) face.Landmarks {
	const nose = 135 / (0.7 * 450)
	flat := align.ArcFace(align.Side).Points(5)
	if points == 4 {
		flat = align.ArcFace(align.Side).Points(4)
	}
	eyes := flat[0].Distance(flat[1])
	var marks face.Landmarks
	for i, p := range flat {
		x, y, z := float64(p.X)-56, float64(p.Y)-51.6, 0.
		if i == 2 {
			z = nose * eyes
		}
		sin, cos := math.Sincos(yaw * math.Pi / 180)
		x, z = x*cos+z*sin, z*cos-x*sin
		sin, cos = math.Sincos(pitch * math.Pi / 180)
		y = y*cos + z*sin
		sin, cos = math.Sincos(roll * math.Pi / 180)
		marks = append(marks, face.Point{X: float32(400 + 3*(x*cos-y*sin)), Y: float32(300 + 3*(x*sin+y*cos))})
	}
	return marks
}

func TestPoseOfATurnedHead(t *testing.T) {
	t.Parallel()
	for _, points := range []int{4, 5} {
		for _, roll := range []float64{0, 30, -120, 180} {
			for _, angle := range []float64{-75, -40, -10, 0, 20, 45, 80} {
				yaw, _, ok := quality.Pose(seenFrom(angle, 0, roll, points))
				if !ok || math.Abs(yaw-angle) > 1 {
					t.Errorf("%d points, roll %g: yaw %g, want %g", points, roll, yaw, angle)
				}
				across, pitch, ok := quality.Pose(seenFrom(0, angle, roll, points))
				if !ok || math.Abs(pitch-angle) > 1 || math.Abs(across) > 2 {
					t.Errorf("%d points, roll %g: pitch %g, want %g; yaw %g", points, roll, pitch, angle, across)
				}
			}
		}
	}
}

// A head that is turned and nods at once has less of a pose the further it turns.
func TestPoseFallsWithTheTurn(t *testing.T) {
	t.Parallel()
	for _, nod := range []float64{-20, 0, 20} {
		last := 1.
		for angle := 5.; angle <= 80; angle += 5 {
			yaw, pitch, ok := quality.Pose(seenFrom(angle, nod, 10, 5))
			if part := *quality.Assess(face.Measures{Yaw: &yaw, Pitch: &pitch}).Parts.Pose; !ok || part >= last {
				t.Errorf("at %g down and %g to the side: %g, %g, a part of %g after %g", nod, angle, yaw, pitch, part, last)
			} else {
				last = part
			}
		}
	}
}

func TestLandmarksWithoutPose(t *testing.T) {
	t.Parallel()
	for _, marks := range []face.Landmarks{nil, {{X: 1}, {X: 2}}, make(face.Landmarks, 4), make(face.Landmarks, 5), make(face.Landmarks, 68)} {
		if yaw, pitch, ok := quality.Pose(marks); ok {
			t.Errorf("%d landmarks: %g, %g", len(marks), yaw, pitch)
		}
	}
}
