// How shrink.cpp adds up rows.
#ifndef VISAGE_SHRINKDOWN_H
#define VISAGE_SHRINKDOWN_H

#include "cover.h"

// down adds up n bytes of each of the rows that c covers, by their shares, in levelUnits.
// The first row begins at rows, each of the others a stride after the one before.
void down(const unsigned char *rows, long stride, const Cover &c, int n, short *to);

#endif
