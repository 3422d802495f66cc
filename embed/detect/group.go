package detect

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// group is one object that several windows of a cascade agree on.
type group struct {
	box     image.Rectangle // the windows' mean
	support int             // how many windows
}

func (g group) centre() face.Point {
	return face.Point{X: float32(g.box.Min.X+g.box.Max.X) / 2, Y: float32(g.box.Min.Y+g.box.Max.Y) / 2}
}

// groupWindows clusters similar windows, averages each cluster of more than
// least windows, and drops a cluster that lies inside a better supported one.
// It is groupRectangles of OpenCV (modules/objdetect/src/cascadedetect.cpp),
// which tells the support of a cluster to C++ callers only. Clusters come from
// top to bottom, whatever the order of the windows.
func groupWindows(windows []image.Rectangle, least int) []group {
	var groups []group
	for _, members := range cluster(windows) {
		if len(members) > least {
			groups = append(groups, group{mean(members), len(members)})
		}
	}
	kept := slices.DeleteFunc(slices.Clone(groups), func(g group) bool {
		return slices.ContainsFunc(groups, func(o group) bool { return o != g && insideBetter(g, o) })
	})
	slices.SortFunc(kept, func(a, b group) int {
		return cmp.Or(a.box.Min.Y-b.box.Min.Y, a.box.Min.X-b.box.Min.X, a.box.Dx()-b.box.Dx())
	})
	return kept
}

func rectangles(windows []cv.Window) []image.Rectangle {
	rects := make([]image.Rectangle, len(windows))
	for i, w := range windows {
		rects[i] = w.Rect
	}
	return rects
}

func insideBetter(g, o group) bool {
	margin := int(math.RoundToEven(float64(o.box.Dx()) * haarSimilar))
	return g.box.In(o.box.Inset(-margin)) && (o.support > max(3, g.support) || g.support < 3)
}

// cluster is the transitive closure of similar.
func cluster(windows []image.Rectangle) [][]image.Rectangle {
	parent := make([]int, len(windows))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i := range windows {
		for j := range i {
			if similar(windows[i], windows[j]) {
				parent[root(i)] = root(j)
			}
		}
	}
	byRoot := map[int][]image.Rectangle{}
	for i, w := range windows {
		byRoot[root(i)] = append(byRoot[root(i)], w)
	}
	clusters := make([][]image.Rectangle, 0, len(byRoot))
	for _, members := range byRoot {
		clusters = append(clusters, members)
	}
	return clusters
}

// similar is OpenCV's SimilarRects: all four sides within a fifth of the mean
// of the smaller width and the smaller height.
func similar(a, b image.Rectangle) bool {
	delta := haarSimilar * float64(min(a.Dx(), b.Dx())+min(a.Dy(), b.Dy())) / 2
	near := func(p, q int) bool { return math.Abs(float64(p-q)) <= delta }
	return near(a.Min.X, b.Min.X) && near(a.Min.Y, b.Min.Y) && near(a.Max.X, b.Max.X) && near(a.Max.Y, b.Max.Y)
}

func mean(members []image.Rectangle) image.Rectangle {
	var x, y, w, h int
	for _, m := range members {
		x, y, w, h = x+m.Min.X, y+m.Min.Y, w+m.Dx(), h+m.Dy()
	}
	n := float64(len(members))
	at := func(sum int) int { return int(math.RoundToEven(float64(sum) / n)) }
	return image.Rect(at(x), at(y), at(x)+at(w), at(y)+at(h))
}
