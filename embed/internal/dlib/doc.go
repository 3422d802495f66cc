// Package dlib is the only user of dlib (King 2009, "Dlib-ml: A Machine
// Learning Toolkit"): its frontal face detector and its shape predictors. What
// links dlib is built with the tag dlib only; CheckPredictor is there always.
package dlib
