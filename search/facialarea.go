package search

import (
	"encoding/json"
	"math"

	"github.com/visagedb/visage/internal/face"
)

// FacialArea is a detection as DeepFace's answers write it: whole pixels, the
// box by its corner and size, and left and right as the person has them, so
// that left_eye is the one at the larger x of an upright face. Eyes that the
// detector did not give, or that lie outside the photograph, are null; nose
// and mouth are then left out.
type FacialArea struct {
	X          int     `json:"x"`
	Y          int     `json:"y"`
	W          int     `json:"w"`
	H          int     `json:"h"`
	LeftEye    *[2]int `json:"left_eye"`
	RightEye   *[2]int `json:"right_eye"`
	Nose       *[2]int `json:"nose,omitempty"`
	MouthLeft  *[2]int `json:"mouth_left,omitempty"`
	MouthRight *[2]int `json:"mouth_right,omitempty"`
}

// NewFacialArea converts a detection in a photograph of the given size, in
// pixels; the box is cut at its borders. This is the one place where the
// picture's left and right (face.Landmarks) become the person's.
func NewFacialArea(d face.Detection, width, height int) FacialArea {
	box := d.Box.Clip(width, height)
	x, y := pixel(box.X1), pixel(box.Y1)
	area := FacialArea{X: x, Y: y, W: max(0, pixel(box.X2)-x), H: max(0, pixel(box.Y2)-y)}
	inside := func(p face.Point) *[2]int {
		at := [2]int{pixel(p.X), pixel(p.Y)}
		if at[0] < 0 || at[1] < 0 || at[0] >= width || at[1] >= height {
			return nil
		}
		return &at
	}
	if left, right, ok := d.Landmarks.Eyes(); ok {
		area.LeftEye, area.RightEye = inside(right), inside(left)
	}
	if len(d.Landmarks) > 2 {
		area.Nose = inside(d.Landmarks[2])
	}
	if d.Landmarks.Complete() {
		area.MouthLeft, area.MouthRight = inside(d.Landmarks[4]), inside(d.Landmarks[3])
	}
	return area
}

func pixel(v float32) int { return int(math.Round(float64(v))) }

// FacialAreas are two faces that were compared. One is nil where the template
// came as numbers, without a photograph; JSON then has it with every field
// null, as in DeepFace's answers.
type FacialAreas struct {
	Img1 *FacialArea `json:"img1"`
	Img2 *FacialArea `json:"img2"`
}

// MarshalJSON writes both areas.
func (f FacialAreas) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"img1": orNulls(f.Img1), "img2": orNulls(f.Img2)})
}

// orNulls is what JSON has for an area.
func orNulls(area *FacialArea) any {
	if area != nil {
		return area
	}
	return struct {
		X        *int `json:"x"`
		Y        *int `json:"y"`
		W        *int `json:"w"`
		H        *int `json:"h"`
		LeftEye  *int `json:"left_eye"`
		RightEye *int `json:"right_eye"`
	}{}
}
