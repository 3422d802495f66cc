// What chip.go needs of dlib; errors as in network.h.
#ifndef VISAGE_DLIB_CHIP_H
#define VISAGE_DLIB_CHIP_H

#ifdef __cplusplus
extern "C" {
#endif

// Cuts a face out of a picture of red, green, blue bytes. It has count points, 5
// or 68, whose x and y are in turn. Writes side rows of side pixels.
void visage_dlib_chip(const unsigned char *rgb, int width, int height, const int *points, int count, int side,
                      unsigned char *chip, char **error);

#ifdef __cplusplus
}
#endif

#endif
