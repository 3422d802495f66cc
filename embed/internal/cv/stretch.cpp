#include "stretch.h"

#include "fast.h"
#include "guarded.h"
#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <vector>

// Levels between two pixels are kept in units of 1/64, of which 255 levels still
// fit into 16 bits when they are doubled; weights are in units of 1/32768.
static const int levelBits = 6, weightBits = 15;

// pairBits are those of the weights of two neighbours, which are 1 together and still fit
// into 16 bits.
static const int pairBits = 14;

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

// between mixes two rows of n bytes.
FAST static void between(const unsigned char *upper, const unsigned char *lower, short weight, int n, short *row) {
	for (int i = 0; i < n; i++) {
		const short twice = static_cast<short>((lower[i] - upper[i]) * (2 << levelBits));
		row[i] = static_cast<short>(upper[i] * (1 << levelBits) + (twice * weight >> 16));
	}
}

// Columns are the taps of a row, apart: the index of each one's first value, and the weights
// of that pixel and of the next, of 16 bits each in one number.
struct Columns {
	std::vector<int> at, pairs;

	Columns(int from, int to) : at(to), pairs(to) {
		for (int x = 0; x < to; x++) {
			const Tap t = tap(x, from, to);
			const int next = t.weight >> (weightBits - pairBits);
			at[x] = 3 * t.at;
			pairs[x] = next << 16 | ((1 << pairBits) - next);
		}
	}
};

#if CV_SIMD128
// mixed gives a pixel of the result: blue, green, red and a value of no meaning.
static inline cv::v_int32x4 mixed(const short *row, int at, int pair) {
	cv::v_int16x8 both, rest;
	cv::v_zip(cv::v_load(row + at), cv::v_load(row + at + 3), both, rest);
	return cv::v_dotprod(both, cv::v_reinterpret_as_s16(cv::v_setall_s32(pair)));
}

// several writes as many whole fours of pixels as the row has from one on, and says which
// comes after them.
static int several(const short *row, const Columns &columns, int x, float *const *to, float scale, const float *shift) {
	const cv::v_float32x4 by = cv::v_setall_f32(scale);
	const int width = static_cast<int>(columns.at.size());
	for (; x + 4 <= width; x += 4) {
		const int *at = &columns.at[x], *pairs = &columns.pairs[x];
		cv::v_int32x4 channels[4];
		cv::v_transpose4x4(mixed(row, at[0], pairs[0]), mixed(row, at[1], pairs[1]), mixed(row, at[2], pairs[2]),
		                   mixed(row, at[3], pairs[3]), channels[0], channels[1], channels[2], channels[3]);
		for (int c = 0; c < 3; c++) {
			cv::v_store(to[c] + x, cv::v_cvt_f32(channels[c]) * by + cv::v_setall_f32(shift[c]));
		}
	}
	return x;
}
#else
static int several(const short *, const Columns &, int x, float *const *, float, const float *) { return x; }
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

// WIDE is for processors that have AVX2.
#define WIDE __attribute__((target("avx2")))

// mixed2 is mixed for a pixel and for the fourth after it.
WIDE static inline __m256i mixed2(const short *row, const int *at, __m256i pairs) {
	const __m256i together = _mm256_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 4, 5, 10, 11, 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 4, 5, 10, 11);
	const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i *>(row + at[0]));
	const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i *>(row + at[4]));
	return _mm256_madd_epi16(_mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1), together), pairs);
}

// eights writes as many whole eights of pixels as the row has, and says how many pixels
// that were.
WIDE static int eights(const short *row, const Columns &columns, float *const *to, float scale, const float *shift) {
	const __m256 by = _mm256_set1_ps(scale);
	const __m256 plus[3] = {_mm256_set1_ps(shift[0]), _mm256_set1_ps(shift[1]), _mm256_set1_ps(shift[2])};
	const int width = static_cast<int>(columns.at.size());
	int x = 0;
	for (; x + 8 <= width; x += 8) {
		const int *at = &columns.at[x];
		const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(&columns.pairs[x]));
		const __m256i a = mixed2(row, at, _mm256_shuffle_epi32(pairs, 0x00)), b = mixed2(row, at + 1, _mm256_shuffle_epi32(pairs, 0x55));
		const __m256i c = mixed2(row, at + 2, _mm256_shuffle_epi32(pairs, 0xaa)), d = mixed2(row, at + 3, _mm256_shuffle_epi32(pairs, 0xff));
		const __m256i lower = _mm256_unpacklo_epi32(a, b), upper = _mm256_unpacklo_epi32(c, d);
		const __m256i channels[3] = {
			_mm256_unpacklo_epi64(lower, upper), _mm256_unpackhi_epi64(lower, upper),
			_mm256_unpacklo_epi64(_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d)),
		};
		for (int k = 0; k < 3; k++) {
			_mm256_storeu_ps(to[k] + x, _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(channels[k]), by), plus[k]));
		}
	}
	return x;
}

static bool wide() { return __builtin_cpu_supports("avx2"); }
#else
static int eights(const short *, const Columns &, float *const *, float, const float *) { return 0; }
static bool wide() { return false; }
#endif

// along writes the pixels of the result that lie on a row.
static void along(const short *row, const Columns &columns, float *const *to, float scale, const float *shift) {
	const int width = static_cast<int>(columns.at.size());
	for (int x = several(row, columns, wide() ? eights(row, columns, to, scale, shift) : 0, to, scale, shift); x < width; x++) {
		const int next = columns.pairs[x] >> 16;
		for (int c = 0; c < 3; c++) {
			const short *at = row + columns.at[x] + c;
			to[c][x] = static_cast<float>(at[0] * ((1 << pairBits) - next) + at[3] * next) * scale + shift[c];
		}
	}
}

void visage_stretch(visage_picture from, int width, int height, float *planes, const long *plane, long stride, float scale,
                    const float *shift, char **error) {
	guarded(error, [&] {
		const Columns columns(from.width, width);
		const long bytes = 3L * from.width;
		std::vector<short> row(bytes + 8); // eight values are read at once, from the pixel after the last one too
		for (int y = 0; y < height; y++) {
			const Tap t = tap(y, from.height, height);
			const unsigned char *upper = from.pixels + bytes * t.at;
			const unsigned char *lower = from.pixels + bytes * std::min(t.at + 1, from.height - 1);
			between(upper, lower, t.weight, static_cast<int>(bytes), row.data());
			float *const to[3] = {planes + plane[0] + stride * y, planes + plane[1] + stride * y, planes + plane[2] + stride * y};
			along(row.data(), columns, to, scale / (1 << (levelBits + pairBits)), shift);
		}
	});
}
