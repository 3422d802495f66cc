#include "shrink.h"

#include "guarded.h"
#include "shrinkalong.h"
#include "shrinkdown.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

// covers are those of a row, or column, of the result: a length from a place on is divided
// into pixels. What lies outside the picture counts for nothing; a pixel of which nothing
// lies inside is the border's.
static std::vector<Cover> covers(double from, double length, int picture, int count) {
	std::vector<Cover> out(count);
	for (int i = 0; i < count; i++) {
		const double low = std::clamp(from + length * i / count, 0.0, picture - 1e-3);
		const double high = std::clamp(from + length * (i + 1) / count, low + 1e-3, static_cast<double>(picture));
		const int first = static_cast<int>(low), last = static_cast<int>(std::ceil(high)) - 1;
		const double by = std::min(first + 1.0, high) - low, lastBy = last > first ? high - last : 0;
		const auto share = [&](double length) { return static_cast<float>(length / (high - low)); };
		out[i] = {first, last - first + 1, share(by), share(last > first ? 1 : 0), share(lastBy)};
	}
	return out;
}

void visage_shrink(visage_region from, int width, int height, unsigned char *to, char **error) {
	guarded(error, [&] {
		const std::vector<Cover> columns = covers(from.x, from.width, from.columns, width);
		const Taps taps(columns, from.channels);
		const long bytes = 1L * from.channels * from.columns, size = 1L * from.channels * width;
		const int left = from.channels * columns.front().first;
		const int right = from.channels * (columns.back().first + columns.back().count);
		std::vector<short> row(bytes + taps.room());
		std::vector<unsigned char> pixels(size + 1);
		for (const Cover &r : covers(from.y, from.height, from.rows, height)) {
			down(from.pixels + bytes * r.first + left, bytes, r, right - left, row.data() + left);
			taps.along(row.data(), pixels.data());
			std::memcpy(to, pixels.data(), size);
			to += size;
		}
	});
}
