#include "shrink.h"

#include "guarded.h"
#include <algorithm>
#include <cmath>
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

// add adds n bytes, times a share, to a row.
static void add(const unsigned char *bytes, float share, int n, float *row) {
	int i = 0;
#if CV_SIMD128
	const cv::v_float32x4 by = cv::v_setall_f32(share);
	for (; i + 4 <= n; i += 4) {
		const cv::v_float32x4 levels = cv::v_cvt_f32(cv::v_reinterpret_as_s32(cv::v_load_expand_q(bytes + i)));
		cv::v_store(row + i, cv::v_muladd(levels, by, cv::v_load(row + i)));
	}
#endif
	for (; i < n; i++) {
		row[i] += share * bytes[i];
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
		float sums[4];
		cv::v_store(sums, sum);
#else
		float sums[3] = {0, 0, 0};
		for (int i = 0; i < 3 * c.count; i++) {
			sums[i % 3] += c.shares[i / 3] * at[i];
		}
#endif
		for (int k = 0; k < 3; k++) {
			*to++ = cv::saturate_cast<unsigned char>(sums[k]);
		}
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
			std::fill(row.begin() + left, row.begin() + right, 0.0F);
			for (int i = 0; i < r.count; i++) {
				add(from.pixels + bytes * (r.first + i) + left, r.shares[i], right - left, row.data() + left);
			}
			(from.channels == 3 ? along3 : along1)(row.data(), columns, to);
			to += 1L * from.channels * width;
		}
	});
}
