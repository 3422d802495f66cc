// What planes.go needs of OpenCV. No C++ exception leaves it: what went wrong
// comes back as text in *error, which the caller frees, and is NULL where all
// went well.
#ifndef VISAGE_PLANES_H
#define VISAGE_PLANES_H

#ifdef __cplusplus
extern "C" {
#endif

// Writes each channel c of an interleaved picture of 3 bytes a pixel to a plane
// of its own: byte * scale + shift[c], to row y, column x of the plane that
// begins at planes + plane[c] and has stride floats a row.
void visage_planes(const unsigned char *pixels, int width, int height, float *planes, const long *plane, long stride,
                   float scale, const float *shift, char **error);

// Writes count pixels of 3 bytes as 3 floats each: float c of a pixel is its byte
// from[c] * scale[c] + shift[c].
void visage_together(const unsigned char *pixels, long count, float *out, const int *from, const float *scale, const float *shift, char **error);

#ifdef __cplusplus
}
#endif

#endif
