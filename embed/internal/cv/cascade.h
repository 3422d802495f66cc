// What cascade.go needs of OpenCV's cascade classifier. No C++ exception leaves
// these functions: what went wrong comes back as text in *error, which the
// caller frees, and is NULL where all went well.
#ifndef VISAGE_CASCADE_H
#define VISAGE_CASCADE_H

#ifdef __cplusplus
extern "C" {
#endif

// A window that the cascade accepts, in pixels, and the sum of its last stage.
typedef struct {
	int x, y, width, height;
	double weight;
} visage_window;

// Reads a cascade. The result is freed by visage_cascade_close.
void *visage_cascade_open(const char *path, char **error);

void visage_cascade_close(void *cascade);

// Returns the windows of at least least pixels a side that the cascade accepts
// in a grey picture, *count of them; the caller frees them. With neighbours
// above 0 they are grouped, and each group's weight is its best window's.
visage_window *visage_cascade_windows(void *cascade, unsigned char *grey, int width, int height, double factor,
                                      int neighbours, int least, int *count, char **error);

#ifdef __cplusplus
}
#endif

#endif
