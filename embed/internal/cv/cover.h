// What the parts of shrink.cpp share.
#ifndef VISAGE_COVER_H
#define VISAGE_COVER_H

// Cover is what a pixel of the result covers of the picture's columns, or rows: so many
// from one on, the first and the last by a share, and each of those between by another.
// The shares of all are 1 together; the first is not counted again as the last.
struct Cover {
	int first, count;
	float by, between, lastBy;
};

// levelUnits are how many steps there are between two levels where a level is kept in 16
// bits, the highest of which is a sign.
static const int levelUnits = 128;

#endif
