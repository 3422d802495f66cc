package align

import (
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Expand grows a box as DeepFace's expand_percentage does, in a photograph of
// width x height pixels. The box gains whole pixels, percent of its sides
// rounded down, half of them (rounded down) on the left and above. Its corner
// is then moved to 0 where it is negative, and its far sides are cut at the
// photograph's. A corner that is moved takes the far side along, and a box
// outside the photograph becomes empty. Percent of 0 or less leaves the box as
// it is, even where it crosses the border.
func Expand(box image.Rectangle, percent, width, height int) image.Rectangle {
	if percent <= 0 {
		return box
	}
	x, w := grow(box.Min.X, box.Dx(), percent, width)
	y, h := grow(box.Min.Y, box.Dy(), percent, height)
	return image.Rectangle{Min: image.Pt(x, y), Max: image.Pt(x+w, y+h)}
}

// grow expands one axis. Integer division drops the fraction as Python's int()
// does, since nothing here is negative.
func grow(from, length, percent, limit int) (start, size int) {
	more := length * percent / 100
	start = max(0, from-more/2)
	return start, max(0, min(limit-start, length+more))
}

// Rotate cuts a box out of the photograph as DeepFace's align does: turned by
// the eyes about its middle, not scaled, and the size of the box. The box is
// grown by half its sides (rounded down) all around, what lies outside the
// photograph is black, that is turned with cubic sampling until the eyes are
// level, and the box is cut from its middle. The eyes are the first two of the
// landmarks; without them nothing is turned. DeepFace's detectors round eyes
// down to whole pixels: do so before, to get its angle.
//
// A box that reaches over the photograph's border is not moved: pixels keep
// their places and the rest of the box is black. DeepFace has no rule for a box
// without pixels or one that lies, grown, outside the photograph; they are
// face.Invalid here, as are eyes that are not finite. The caller closes the
// result.
func Rotate(photo *cv.Image, box image.Rectangle, eyes face.Landmarks) (*cv.Image, error) {
	if box.Empty() || !finite(eyes) {
		return nil, face.Errorf(face.Invalid, "face at %v with eyes %v cannot be turned: it needs a box with pixels and finite eyes", box, eyes)
	}
	half := box.Size().Div(2)
	around, err := photo.Window(image.Rectangle{Min: box.Min.Sub(half), Max: box.Max.Add(half)})
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "face at %v cannot be cut out", box)
	}
	defer around.Close()
	size := around.Bounds().Size()
	turned, err := around.WarpCubic(cv.Rotation(size.Div(2), eyeAngle(eyes)), size.X, size.Y)
	if err != nil {
		return nil, err
	}
	defer turned.Close()
	return turned.Crop(image.Rectangle{Min: half, Max: half.Add(box.Size())})
}

// eyeAngle is the slope of the line from the person's right eye (the picture's
// left) to the left one, in degrees, positive where it falls: turning by it
// counterclockwise makes the line level.
func eyeAngle(marks face.Landmarks) float64 {
	right, left, ok := marks.Eyes() // the person's
	if !ok {
		return 0
	}
	return math.Atan2(float64(left.Y)-float64(right.Y), float64(left.X)-float64(right.X)) * 180 / math.Pi
}
