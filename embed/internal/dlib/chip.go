//go:build dlib

package dlib

// #include "chip.h"
import "C"

import (
	"fmt"
	"image"
	"unsafe"
)

// maxCoordinate bounds the points of a face, which may lie outside of the
// picture. dlib halves a face until it has the size of a crop.
const maxCoordinate = 1 << 20

// Chip cuts the face out of a picture that Describe wants: turned upright, scaled
// and moved so that its points lie, in the sense of least squares, where the mean
// face's do, with a quarter of the face's width around it. What is outside of
// the picture is black. Pixels are red, green, blue, row by row, of the picture
// and of the crop, which has Side rows of Side pixels.
//
// The points are those that dlib's predictors give, in their order. Of 5: the
// outer and the inner corner of the person's left eye, which is the right one in
// the picture, the outer and the inner corner of the other eye, the bottom of the
// nose. Of 68: those of iBUG's 300-W (Sagonas et al. 2013), of which jaw,
// eyebrows and the lower lip's outline are not used.
//
// It is get_face_chip_details and extract_image_chip of dlib
// (dlib/image_transforms/interpolation.h), which first halve the picture where
// the face is large, then read between pixels.
func Chip(pixels []byte, width, height int, points []image.Point) ([]byte, error) {
	if err := checkPicture(pixels, width, height, 0); err != nil {
		return nil, err
	}
	if len(points) != 5 && len(points) != 68 {
		return nil, fmt.Errorf("a face of %d points: want dlib's 5 or 68", len(points))
	}
	flat := make([]C.int, 0, 2*len(points))
	for _, p := range points {
		if !p.In(image.Rect(-maxCoordinate, -maxCoordinate, maxCoordinate, maxCoordinate)) {
			return nil, fmt.Errorf("a face's point at %v: at most %d pixels from the corner are used", p, maxCoordinate)
		}
		flat = append(flat, C.int(p.X), C.int(p.Y))
	}
	chip := make([]byte, cropBytes)
	var problem *C.char
	C.visage_dlib_chip((*C.uchar)(unsafe.SliceData(pixels)), C.int(width), C.int(height), unsafe.SliceData(flat),
		C.int(len(points)), Side, (*C.uchar)(unsafe.SliceData(chip)), &problem)
	if err := problemOf(problem); err != nil {
		return nil, fmt.Errorf("dlib: %w", err)
	}
	return chip, nil
}
