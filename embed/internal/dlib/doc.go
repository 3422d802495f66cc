// Package dlib is the only user of dlib (King 2009, "Dlib-ml: A Machine
// Learning Toolkit"): its frontal face detector, its shape predictors and its face
// recognition network. What links dlib is built with the tag dlib only;
// CheckPredictor and CheckNetwork are there always.
package dlib
