package facedraw

// vertex is a point of a surface: where it is, which way it faces, and three
// numbers that tell the surface's paint where on it this is.
type vertex struct {
	at, normal vec
	coord      vec
}

// surface is a grid of vertices and the paint that covers it.
type surface struct {
	rows, cols int
	vertices   []vertex // rows x cols
	paint      paint
}

// paint says what a surface is made of at a coordinate.
type paint interface {
	// solid says whether there is anything at all.
	solid(coord vec) bool
	// matter returns what is there; the normal may be bent by it.
	matter(coord, normal vec) matter
}

// newSurface samples a shape on a grid; shape takes row and column in [0,1] and
// returns position and paint coordinate. Normals come from the neighbours and
// point away from the axis (0, y, axisZ).
func newSurface(rows, cols int, p paint, axisZ float64, shape func(row, col float64) (at, coord vec)) *surface {
	s := &surface{rows: rows, cols: cols, vertices: make([]vertex, rows*cols), paint: p}
	eachRow(rows, func(r int) {
		for c := range cols {
			v := &s.vertices[r*cols+c]
			v.at, v.coord = shape(float64(r)/float64(rows-1), float64(c)/float64(cols-1))
		}
	})
	eachRow(rows, func(r int) {
		for c := range cols {
			s.vertices[r*cols+c].normal = s.normal(r, c, axisZ)
		}
	})
	return s
}

func (s *surface) normal(r, c int, axisZ float64) vec {
	at := func(r, c int) vec {
		return s.vertices[min(max(r, 0), s.rows-1)*s.cols+min(max(c, 0), s.cols-1)].at
	}
	n := at(r, c+1).sub(at(r, c-1)).cross(at(r+1, c).sub(at(r-1, c))).unit()
	here := at(r, c)
	if n.x*here.x+n.z*(here.z-axisZ) < 0 {
		return n.scale(-1)
	}
	return n
}
