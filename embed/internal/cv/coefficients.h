// What coefficients.go needs of libjpeg-turbo: the pixels of a JPEG whose coefficients
// somebody else has read.
#ifndef VISAGE_COEFFICIENTS_H
#define VISAGE_COEFFICIENTS_H

// visage_coefficients is a picture that is made in steps. Each of them returns what went
// wrong as text, which lives as long as the picture, or NULL.
typedef struct visage_coefficients visage_coefficients;

// visage_coefficients_new makes one, which the caller closes; NULL where there is no memory.
visage_coefficients *visage_coefficients_new(void);

// visage_coefficients_close frees it, at whatever step.
void visage_coefficients_close(visage_coefficients *c);

// visage_coefficients_open reads a JPEG of so many bytes, which must outlive the picture. It
// is to be had at 1/reduction of its size.
const char *visage_coefficients_open(visage_coefficients *c, const unsigned char *jpeg, unsigned long bytes, int reduction);

// visage_coefficients_rows gives the rows of blocks of a component: at each of high places
// the first of wide blocks of 64 coefficients, which the caller may write.
const char *visage_coefficients_rows(visage_coefficients *c, int component, int wide, int high, short **rows);

// visage_coefficients_pixels writes width x height pixels in blue, green, red.
const char *visage_coefficients_pixels(visage_coefficients *c, int width, int height, unsigned char *to);

#endif
