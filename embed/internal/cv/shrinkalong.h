// How shrink.cpp adds up the pixels of a row.
#ifndef VISAGE_SHRINKALONG_H
#define VISAGE_SHRINKALONG_H

#include "cover.h"
#include <vector>

// Taps are the covers of a row's pixels for numbers of 16 bits. Each is added up in the
// same number of steps, of so many pixels as are taken at once.
class Taps {
public:
	Taps(const std::vector<Cover> &columns, int channels);

	// room is how many values more than the row's are read of it.
	long room() const { return 8L * (steps + 1); }

	// along writes the pixels of the result that are made of a row in levelUnits, and a
	// byte more.
	void along(const short *row, unsigned char *to) const;

private:
	int channels, steps;
	std::vector<int> from;     // the index of the first value of each
	std::vector<short> shares; // eight for each step
};

#endif
