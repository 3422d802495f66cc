// What detector.go needs of dlib. No C++ exception leaves these functions: what
// went wrong comes back as text in *error, which the caller frees, and is NULL
// where all went well.
#ifndef VISAGE_DLIB_H
#define VISAGE_DLIB_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The most points of a face, of the 68-point predictor.
enum { visage_dlib_points = 68 };

// A face: its box, whose right and bottom pixels belong to it, the margin of the
// detector and the points, x and y in turn. All in pixels.
typedef struct {
	int left, top, right, bottom;
	double score;
	int points[2 * visage_dlib_points];
} visage_dlib_face;

// Reads a predictor that CheckPredictor has found good, of size bytes. The
// result is freed by visage_dlib_close and may be used by several threads.
void *visage_dlib_load(const unsigned char *predictor, size_t size, char **error);

void visage_dlib_close(void *detector);

// Returns the faces of a picture of red, green, blue bytes, *count of them; the
// caller frees them. The picture is doubled upsample times before it is looked
// at; faces are in pixels of the picture itself.
visage_dlib_face *visage_dlib_detect(const void *detector, const unsigned char *rgb, int width, int height,
                                     int upsample, double threshold, int *count, char **error);

#ifdef __cplusplus
}
#endif

#endif
