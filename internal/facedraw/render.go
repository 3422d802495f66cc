package facedraw

import (
	"image"
	"math"
)

const (
	oversample = 2     // samples a side per pixel
	faceShare  = 0.245 // of the picture's side per head unit: hair and all, a head is about 55 % wide
	aimX, aimY = 0, 0.16
)

// joint is the point about which a head turns, in the neck.
var joint = vec{0, 0.8, -0.3}

// minSize is the smallest side of a picture, in pixels.
const minSize = 16

func newCamera(v View, side float64) camera {
	return camera{
		unit: side * faceShare * v.Scale, half: side / 2,
		aimX: aimX - v.OffsetX, aimY: aimY - v.OffsetY,
	}
}

// Render draws the person in a view, as a square picture of size pixels a side,
// at least 16; the face detector of OpenCV wants about 200. It returns the same
// picture for the same arguments.
func (p Person) Render(v View, size int) *image.RGBA {
	size = max(size, minSize)
	f := &figure{Person: p, view: v}
	side := size * oversample
	c := newCanvas(side, newCamera(v, float64(side)))
	head := pose{turned(v.Yaw, v.Pitch, v.Roll), joint}
	c.draw(f.face(), head)
	if cuts[f.hair.style].length == 0 { // falling hair hides them
		c.draw(f.ear(-1), head)
		c.draw(f.ear(1), head)
	}
	c.draw(f.hairSurface(), head)
	c.draw(f.body(), upright())
	return develop(f.expose(c), v, size)
}

// expose shades all samples and averages them into pixels, one field per colour.
func (f *figure) expose(c *canvas) [3]*field {
	size := c.size / oversample
	film := [3]*field{newField(size), newField(size), newField(size)}
	l := newLighting(f.view, c)
	wall := newBackground(f.view)
	eachRow(size, func(y int) {
		for x := range size {
			var sum rgb
			for k := range oversample * oversample {
				sum = sum.add(f.look(c, l, wall, x*oversample+k%oversample, y*oversample+k/oversample))
			}
			sum = sum.scale(1.0 / (oversample * oversample))
			film[0].set(x, y, sum.r)
			film[1].set(x, y, sum.g)
			film[2].set(x, y, sum.b)
		}
	})
	return film
}

// look is the light of one sample.
func (f *figure) look(c *canvas, l *lighting, wall background, x, y int) rgb {
	s := &c.samples[y*c.size+x]
	if s.paint == nil {
		return wall.colour(float64(x)/float64(c.size), float64(y)/float64(c.size))
	}
	coord := vec{float64(s.coord[0]), float64(s.coord[1]), float64(s.coord[2])}
	normal := vec{float64(s.normal[0]), float64(s.normal[1]), float64(s.normal[2])}
	return l.shade(s.paint.matter(coord, normal), x, y, float64(s.z))
}

// Eyes returns where the centres of both eyes are in the picture that Render
// makes, in pixels, the picture's left one first.
func (p Person) Eyes(v View, size int) (left, right [2]float64) {
	f := &figure{Person: p, view: v}
	c := newCamera(v, float64(max(size, minSize)))
	head := pose{turned(v.Yaw, v.Pitch, v.Roll), joint}
	at := func(x float64) [2]float64 {
		depth := f.profile(0) * headDepth * math.Pow(1-math.Pow(math.Abs(x)/f.width, section), 1/section)
		px, py := c.project(head.point(vec{x, 0, depth + f.relief(x, 0)}))
		return [2]float64{px, py}
	}
	return at(-f.eyes.apart), at(f.eyes.apart)
}
