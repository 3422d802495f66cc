#include "stretch.h"

#include "guarded.h"
#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <vector>

// Levels between two pixels are kept in units of 1/64, of which 255 levels still
// fit into 16 bits when they are doubled; weights are in units of 1/32768.
static const int levelBits = 6, weightBits = 15;

// Tap is where a pixel of the result lies among the picture's columns, or rows:
// at the one named, and so far on the way to the next, less than 1.
struct Tap {
	int at;
	short weight;
};

// tap has the places of OpenCV's INTER_LINEAR: both sizes cover the same area,
// and outside the middles of the border's pixels all is like these.
static Tap tap(int i, int from, int to) {
	const double place = std::clamp((i + 0.5) * from / to - 0.5, 0.0, from - 1.0);
	const int at = static_cast<int>(place);
	return {at, static_cast<short>((place - at) * (1 << weightBits))};
}

// part is how far a value goes towards another one, on 16 bits of each: the
// upper half of the product, which is the half of what is wanted, of the double.
static int part(int way, int weight) { return 2 * way * weight >> 16; }

// between mixes two rows of n bytes.
static void between(const unsigned char *upper, const unsigned char *lower, short weight, int n, short *row) {
	int i = 0;
#if CV_SIMD128
	const cv::v_int16x8 by = cv::v_setall_s16(weight);
	for (; i + 8 <= n; i += 8) {
		const cv::v_int16x8 a = cv::v_reinterpret_as_s16(cv::v_load_expand(upper + i));
		const cv::v_int16x8 b = cv::v_reinterpret_as_s16(cv::v_load_expand(lower + i));
		const cv::v_int16x8 twice = cv::v_shl<levelBits + 1>(cv::v_sub_wrap(b, a));
		cv::v_store(row + i, cv::v_add_wrap(cv::v_shl<levelBits>(a), cv::v_mul_hi(twice, by)));
	}
#endif
	for (; i < n; i++) {
		row[i] = static_cast<short>(upper[i] * (1 << levelBits) + part((lower[i] - upper[i]) * (1 << levelBits), weight));
	}
}

// Columns are the taps of a row, apart: the index of each one's first value, and
// its weight four times, once for each of the values that are read.
struct Columns {
	std::vector<int> at;
	std::vector<short> weights;

	Columns(int from, int to) : at(to), weights(4L * to) {
		for (int x = 0; x < to; x++) {
			const Tap t = tap(x, from, to);
			at[x] = 3 * t.at;
			std::fill_n(&weights[4L * x], 4, t.weight);
		}
	}
};

#if CV_SIMD128
// pair gives two pixels of the result: blue, green, red and a value of no
// meaning of each.
static inline cv::v_int16x8 pair(const short *row, const int *at, const short *weights) {
	const cv::v_int16x8 a = cv::v_load_halves(row + at[0], row + at[1]);
	const cv::v_int16x8 b = cv::v_load_halves(row + at[0] + 3, row + at[1] + 3);
	return cv::v_add_wrap(a, cv::v_mul_hi(cv::v_shl<1>(cv::v_sub_wrap(b, a)), cv::v_load(weights)));
}

// put writes the lower or upper four of eight values to a plane.
static inline void put(const cv::v_uint32x4 &levels, const cv::v_float32x4 &scale, const cv::v_float32x4 &shift, float *to) {
	cv::v_store(to, cv::v_muladd(cv::v_cvt_f32(cv::v_reinterpret_as_s32(levels)), scale, shift));
}

// fours writes as many whole fours of pixels as the row has, and says how many
// pixels that were.
static int fours(const short *row, const Columns &columns, float *const *to, float scale, const float *shift) {
	const cv::v_float32x4 by = cv::v_setall_f32(scale);
	const cv::v_float32x4 plus[3] = {cv::v_setall_f32(shift[0]), cv::v_setall_f32(shift[1]), cv::v_setall_f32(shift[2])};
	const int width = static_cast<int>(columns.at.size());
	int x = 0;
	for (; x + 4 <= width; x += 4) {
		const int *at = &columns.at[x];
		const short *weights = &columns.weights[4L * x];
		cv::v_int16x8 even, odd, first, last;
		cv::v_zip(pair(row, at, weights), pair(row, at + 2, weights + 8), even, odd);
		cv::v_zip(even, odd, first, last); // blue and green; red
		cv::v_uint32x4 channels[4];
		cv::v_expand(cv::v_reinterpret_as_u16(first), channels[0], channels[1]);
		cv::v_expand(cv::v_reinterpret_as_u16(last), channels[2], channels[3]);
		for (int c = 0; c < 3; c++) {
			put(channels[c], by, plus[c], to[c] + x);
		}
	}
	return x;
}
#else
static int fours(const short *, const Columns &, float *const *, float, const float *) { return 0; }
#endif

// along writes the pixels of the result that lie on a row.
static void along(const short *row, const Columns &columns, float *const *to, float scale, const float *shift) {
	const int width = static_cast<int>(columns.at.size());
	for (int x = fours(row, columns, to, scale, shift); x < width; x++) {
		for (int c = 0; c < 3; c++) {
			const short *at = row + columns.at[x] + c;
			to[c][x] = (at[0] + part(at[3] - at[0], columns.weights[4L * x])) * scale + shift[c];
		}
	}
}

void visage_stretch(visage_picture from, int width, int height, float *planes, const long *plane, long stride, float scale,
                    const float *shift, char **error) {
	guarded(error, [&] {
		const Columns columns(from.width, width);
		const long bytes = 3L * from.width;
		std::vector<short> row(bytes + 4); // four values are read at once, from the pixel after the last one too
		for (int y = 0; y < height; y++) {
			const Tap t = tap(y, from.height, height);
			const unsigned char *upper = from.pixels + bytes * t.at;
			const unsigned char *lower = from.pixels + bytes * std::min(t.at + 1, from.height - 1);
			between(upper, lower, t.weight, static_cast<int>(bytes), row.data());
			float *const to[3] = {planes + plane[0] + stride * y, planes + plane[1] + stride * y, planes + plane[2] + stride * y};
			along(row.data(), columns, to, scale / (1 << levelBits), shift);
		}
	});
}
