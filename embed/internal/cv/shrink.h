// What shrink.go needs of OpenCV. No C++ exception leaves it: what went wrong
// comes back as text in *error, which the caller frees, and is NULL where all
// went well.
#ifndef VISAGE_SHRINK_H
#define VISAGE_SHRINK_H

#ifdef __cplusplus
extern "C" {
#endif

// visage_region is a part of an interleaved picture of 1 or 3 bytes a pixel, without
// gaps between its rows. It overlaps the picture.
typedef struct {
	const unsigned char *pixels;
	int columns, rows, channels; // of the picture
	double x, y, width, height;  // of the part, in pixels
} visage_region;

// Writes width x height pixels, each the mean of what it covers of the region.
void visage_shrink(visage_region from, int width, int height, unsigned char *to, char **error);

#ifdef __cplusplus
}
#endif

#endif
