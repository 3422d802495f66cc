// What stretch.go needs of OpenCV. No C++ exception leaves it: what went wrong
// comes back as text in *error, which the caller frees, and is NULL where all
// went well.
#ifndef VISAGE_STRETCH_H
#define VISAGE_STRETCH_H

#ifdef __cplusplus
extern "C" {
#endif

// visage_picture is an interleaved picture of 3 bytes a pixel, without gaps
// between its rows.
typedef struct {
	const unsigned char *pixels;
	int width, height;
} visage_picture;

// Scales a picture bilinearly to width x height pixels and writes them to three
// planes as visage_planes does.
void visage_stretch(visage_picture from, int width, int height, float *planes, const long *plane, long stride, float scale,
                    const float *shift, char **error);

#ifdef __cplusplus
}
#endif

#endif
