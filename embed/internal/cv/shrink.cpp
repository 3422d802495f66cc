#include "shrink.h"

#include "guarded.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <vector>

// Cover is what a pixel of the result covers of the picture's columns, or rows: so many
// from one on, each by a share; the shares are 1 together.
struct Cover {
	int first, count;
	const float *shares;
};

// Covers are those of a row, or column, of the result.
struct Covers {
	std::vector<Cover> pixels;
	std::vector<float> shares;

	// A length from a place on is divided into pixels. What lies outside the picture
	// counts for nothing; a pixel of which nothing lies inside is the border's.
	Covers(double from, double length, int picture, int count) : pixels(count) {
		const int most = static_cast<int>(length / count) + 3;
		shares.resize(static_cast<size_t>(count) * most);
		float *share = shares.data();
		for (int i = 0; i < count; i++) {
			const double low = std::clamp(from + length * i / count, 0.0, picture - 1e-3);
			const double high = std::clamp(from + length * (i + 1) / count, low + 1e-3, static_cast<double>(picture));
			pixels[i] = {static_cast<int>(low), 0, share};
			for (int at = pixels[i].first; at < high && pixels[i].count < most; at++) {
				*share++ = static_cast<float>((std::min(at + 1.0, high) - std::max<double>(at, low)) / (high - low));
				pixels[i].count++;
			}
		}
	}
};

#if CV_SIMD128
// unit is a share of 1 as a whole number: 255 levels in 16,384ths fit into 32 bits.
static const int unit = 1 << 14;

// whole is the share of a row, in units, 0 beyond the last; one that counts is at least
// one of so many rows as a picture has.
static short whole(const Cover &of, int row) {
	return row < of.count ? std::max<short>(1, static_cast<short>(of.shares[row] * unit + 0.5F)) : 0;
}

// blocks sums up as many whole blocks of 16 bytes of the rows as there are, by their
// shares, and says how many bytes that were.
static int blocks(const unsigned char *bytes, long stride, const Cover &of, int n, float *row) {
	std::vector<cv::v_int16x8> shares; // of two rows each, one beside the other
	int all = 0;
	for (int i = 0; i < of.count; i += 2) {
		const short one = whole(of, i), other = whole(of, i + 1);
		shares.push_back(cv::v_int16x8(one, other, one, other, one, other, one, other));
		all += one + other;
	}
	const cv::v_float32x4 by = cv::v_setall_f32(1.0F / all); // so that roundings do not add up
	int x = 0;
	for (; x + 16 <= n; x += 16) {
		cv::v_int32x4 a = cv::v_setzero_s32(), b = a, c = a, d = a; // named, so that none lies in memory
		const unsigned char *at = bytes + x;
		for (const cv::v_int16x8 &two : shares) {
			const bool last = &two == &shares.back() && of.count % 2 == 1;
			cv::v_uint8x16 low, high;
			cv::v_zip(cv::v_load(at), cv::v_load(last ? at : at + stride), low, high);
			cv::v_uint16x8 first, second, third, fourth;
			cv::v_expand(low, first, second);
			cv::v_expand(high, third, fourth);
			a = cv::v_dotprod(cv::v_reinterpret_as_s16(first), two, a);
			b = cv::v_dotprod(cv::v_reinterpret_as_s16(second), two, b);
			c = cv::v_dotprod(cv::v_reinterpret_as_s16(third), two, c);
			d = cv::v_dotprod(cv::v_reinterpret_as_s16(fourth), two, d);
			at += 2 * stride;
		}
		cv::v_store(row + x, cv::v_cvt_f32(a) * by);
		cv::v_store(row + x + 4, cv::v_cvt_f32(b) * by);
		cv::v_store(row + x + 8, cv::v_cvt_f32(c) * by);
		cv::v_store(row + x + 12, cv::v_cvt_f32(d) * by);
	}
	return x;
}
#else
static int blocks(const unsigned char *, long, const Cover &, int, float *) { return 0; }
#endif

// down sums up n bytes of each of the rows that c covers, by their shares. The first row
// begins at bytes, each of the others a stride after the one before.
static void down(const unsigned char *bytes, long stride, const Cover &c, int n, float *row) {
	for (int x = blocks(bytes, stride, c, n, row); x < n; x++) {
		row[x] = 0;
		for (int i = 0; i < c.count; i++) {
			row[x] += c.shares[i] * bytes[stride * i + x];
		}
	}
}

// along3 writes the pixels of the result that are made of a row of three channels,
// after which one float more can be read.
static void along3(const float *row, const Covers &columns, unsigned char *to) {
	for (const Cover &c : columns.pixels) {
		const float *at = row + 3L * c.first;
#if CV_SIMD128
		cv::v_float32x4 sum = cv::v_setzero_f32();
		for (int i = 0; i < c.count; i++) {
			sum = cv::v_muladd(cv::v_load(at + 3L * i), cv::v_setall_f32(c.shares[i]), sum);
		}
		const cv::v_int32x4 levels = cv::v_round(sum);
		const cv::v_uint16x8 halves = cv::v_pack_u(levels, levels);
		const int four = cv::v_reinterpret_as_s32(cv::v_pack(halves, halves)).get0();
		std::memcpy(to, &four, 3);
#else
		float sums[3] = {0, 0, 0};
		for (int i = 0; i < 3 * c.count; i++) {
			sums[i % 3] += c.shares[i / 3] * at[i];
		}
		for (int k = 0; k < 3; k++) {
			to[k] = cv::saturate_cast<unsigned char>(sums[k]);
		}
#endif
		to += 3;
	}
}

// along1 is along3 for one channel.
static void along1(const float *row, const Covers &columns, unsigned char *to) {
	for (const Cover &c : columns.pixels) {
		const float *at = row + c.first;
		float sum = 0;
		for (int i = 0; i < c.count; i++) {
			sum += c.shares[i] * at[i];
		}
		*to++ = cv::saturate_cast<unsigned char>(sum);
	}
}

void visage_shrink(visage_region from, int width, int height, unsigned char *to, char **error) {
	guarded(error, [&] {
		const Covers columns(from.x, from.width, from.columns, width);
		const Covers rows(from.y, from.height, from.rows, height);
		const long bytes = 1L * from.channels * from.columns;
		const int left = from.channels * columns.pixels.front().first;
		const int right = from.channels * (columns.pixels.back().first + columns.pixels.back().count);
		std::vector<float> row(bytes + 1);
		for (const Cover &r : rows.pixels) {
			down(from.pixels + bytes * r.first + left, bytes, r, right - left, row.data() + left);
			(from.channels == 3 ? along3 : along1)(row.data(), columns, to);
			to += 1L * from.channels * width;
		}
	});
}
