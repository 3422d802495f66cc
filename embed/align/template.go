// Package align brings a detected face into the position that recognition
// models were trained on.
package align

import "github.com/visagedb/visage/internal/face"

// Side is the width and height of an aligned face, in pixels.
const Side = 112

// template is where the five landmarks of a face belong in a picture of 112x112
// pixels: arcface_dst of deepinsight/insightface
// (python-package/insightface/utils/face_align.py), in the order of
// face.Landmarks.
var template = [...]face.Point{
	{X: 38.2946, Y: 51.6963},
	{X: 73.5318, Y: 51.5014},
	{X: 56.0252, Y: 71.7366},
	{X: 41.5493, Y: 92.3655},
	{X: 70.7299, Y: 92.2041},
}

// A detection without landmarks is placed by its box: where the eyes of a
// frontal face lie in the box of OpenCV's Haar cascade, as fractions of its
// side.
const (
	boxEyeDistance = 0.365
	boxEyeLine     = 0.394 // below the top
)

// boxEyes guesses the eyes from a box.
func boxEyes(b face.Box) face.Landmarks {
	centre, half := b.Centre(), b.Width()*boxEyeDistance/2
	y := b.Y1 + b.Height()*boxEyeLine
	return face.Landmarks{{X: centre.X - half, Y: y}, {X: centre.X + half, Y: y}}
}
