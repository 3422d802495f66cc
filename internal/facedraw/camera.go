package facedraw

import "math"

// rotation is a 3x3 matrix by rows.
type rotation [3]vec

// turned is the rotation of a head by yaw (to the picture's right), pitch
// (downwards) and roll (clockwise), in degrees, roll last.
func turned(yaw, pitch, roll float64) rotation {
	sy, cy := math.Sincos(yaw * math.Pi / 180)
	sp, cp := math.Sincos(pitch * math.Pi / 180)
	sr, cr := math.Sincos(roll * math.Pi / 180)
	yawed := rotation{{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}}
	pitched := rotation{{1, 0, 0}, {0, cp, sp}, {0, -sp, cp}}
	rolled := rotation{{cr, -sr, 0}, {sr, cr, 0}, {0, 0, 1}}
	return rolled.times(pitched).times(yawed)
}

func (m rotation) apply(v vec) vec { return vec{m[0].dot(v), m[1].dot(v), m[2].dot(v)} }

func (m rotation) times(o rotation) rotation {
	columns := rotation{{o[0].x, o[1].x, o[2].x}, {o[0].y, o[1].y, o[2].y}, {o[0].z, o[1].z, o[2].z}}
	return rotation{columns.apply(m[0]), columns.apply(m[1]), columns.apply(m[2])}
}

// pose turns about a point.
type pose struct {
	rotation
	pivot vec
}

// upright is the pose of what does not move with the head.
func upright() pose { return pose{rotation: turned(0, 0, 0)} }

func (p pose) point(v vec) vec { return p.apply(v.sub(p.pivot)).add(p.pivot) }

// camera looks along -z from a distance; the picture's middle is aimX, aimY.
type camera struct {
	unit       float64 // samples per head unit at z = 0
	half       float64 // half the picture's side, in samples
	aimX, aimY float64
}

// cameraDistance in head units: about one metre, as portraits are taken.
const cameraDistance = 14

func (c camera) project(p vec) (x, y float64) {
	k := c.unit * cameraDistance / (cameraDistance - p.z)
	return c.half + (p.x-c.aimX)*k, c.half + (p.y-c.aimY)*k
}
