#include "shrink.h"

#include "guarded.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <vector>

// FAST makes a function twice for x86-64, of which the C library takes the one that the
// processor bears, and lets the compiler do several numbers at a time.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FAST __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define FAST
#endif

// Cover is what a pixel of the result covers of the picture's columns, or rows: so many
// from one on, the first and the last by a share, and each of those between by another.
// The shares of all are 1 together; the first is not counted again as the last.
struct Cover {
	int first, count;
	float by, between, lastBy;
};

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

// most is how many rows of bytes can be added up in 16 bits.
static const int most = 256;

// line is how many bytes a processor reads at once.
static const int line = 64;

// add4 adds n bytes of each of four rows, a stride one after the other, to sums.
FAST static void add4(const unsigned char *row, long stride, int n, unsigned short *sums) {
	const unsigned char *second = row + stride, *third = second + stride, *fourth = third + stride;
	int x = 0;
	for (; x + line <= n; x += line) {
		for (int ahead = 4; ahead < 8; ahead++) {
			__builtin_prefetch(row + ahead * stride + x);
		}
		for (int i = x; i < x + line; i++) {
			sums[i] = static_cast<unsigned short>(sums[i] + (row[i] + second[i]) + (third[i] + fourth[i]));
		}
	}
	for (; x < n; x++) {
		sums[x] = static_cast<unsigned short>(sums[x] + (row[x] + second[x]) + (third[x] + fourth[x]));
	}
}

// add1 is add4 for one row.
FAST static void add1(const unsigned char *row, int n, unsigned short *sums) {
	for (int x = 0; x < n; x++) {
		sums[x] = static_cast<unsigned short>(sums[x] + row[x]);
	}
}

// units are how many steps there are between two levels: of the longest row that a
// picture may have, all can be added up in 32 bits.
static const int units = 64;

// mix adds n bytes of the first and of the last of some rows and the sums of those
// between, by their shares, in units.
FAST static void mix(const unsigned char *first, const unsigned char *last, const unsigned short *sums, Cover c, int n, int *row) {
	const float by = c.by * units, lastBy = c.lastBy * units, between = c.between * units;
	for (int x = 0; x < n; x++) {
		row[x] += static_cast<int>(first[x] * by + last[x] * lastBy + sums[x] * between + 0.5F);
	}
}

// down adds up n bytes of each of the rows that c covers, by their shares, in units. The
// first row begins at bytes, each of the others a stride after the one before. It has sums
// for itself.
static void down(const unsigned char *bytes, long stride, const Cover &c, int n, unsigned short *sums, int *row) {
	std::fill_n(row, n, 0);
	for (int from = 0; from < c.count; from += most) {
		const int to = std::min(c.count, from + most) - 1;
		std::fill_n(sums, n, static_cast<unsigned short>(0));
		int at = from + 1;
		for (; at + 4 <= to; at += 4) {
			add4(bytes + stride * at, stride, n, sums);
		}
		for (; at < to; at++) {
			add1(bytes + stride * at, n, sums);
		}
		const float by = from == 0 ? c.by : from == c.count - 1 ? c.lastBy : c.between;
		const float lastBy = to == from ? 0 : to == c.count - 1 ? c.lastBy : c.between;
		mix(bytes + stride * from, bytes + stride * to, sums, {0, 0, by, c.between, lastBy}, n, row);
	}
}

// along writes the pixels of the result that are made of a row of one channel or of three,
// after which three numbers more can be read.
template <int channels>
FAST static void along(const int *row, const std::vector<Cover> &columns, unsigned char *to) {
	for (const Cover &c : columns) {
		const int *at = row + 1L * channels * c.first, *last = at + 1L * channels * (c.count - 1);
		cv::v_float32x4 sum = cv::v_cvt_f32(cv::v_load(at)) * cv::v_setall_f32(c.by / units);
		sum += cv::v_cvt_f32(cv::v_load(last)) * cv::v_setall_f32(c.lastBy / units);
		cv::v_int32x4 between = cv::v_setzero_s32();
		for (at += channels; at < last; at += channels) {
			between += cv::v_load(at);
		}
		sum += cv::v_cvt_f32(between) * cv::v_setall_f32(c.between / units);
		const cv::v_int32x4 levels = cv::v_round(sum);
		const cv::v_uint16x8 halves = cv::v_pack_u(levels, levels);
		const int four = cv::v_reinterpret_as_s32(cv::v_pack(halves, halves)).get0();
		std::memcpy(to, &four, channels);
		to += channels;
	}
}

void visage_shrink(visage_region from, int width, int height, unsigned char *to, char **error) {
	guarded(error, [&] {
		const std::vector<Cover> columns = covers(from.x, from.width, from.columns, width);
		const std::vector<Cover> rows = covers(from.y, from.height, from.rows, height);
		const long bytes = 1L * from.channels * from.columns;
		const int left = from.channels * columns.front().first;
		const int right = from.channels * (columns.back().first + columns.back().count);
		std::vector<int> row(bytes + 3);
		std::vector<unsigned short> sums(bytes);
		for (const Cover &r : rows) {
			down(from.pixels + bytes * r.first + left, bytes, r, right - left, sums.data(), row.data() + left);
			(from.channels == 3 ? along<3> : along<1>)(row.data(), columns, to);
			to += 1L * from.channels * width;
		}
	});
}
