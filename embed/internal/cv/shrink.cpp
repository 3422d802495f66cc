#include "shrink.h"

#include "guarded.h"
#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>
#include <vector>

// Cover is what a pixel of the result covers of the picture's columns, or rows: from
// one on, each by a share; the shares are 1 together.
struct Cover {
	int first;
	std::vector<float> shares;
};

// covers divides a length from a place on into pixels. What lies outside the picture
// counts for nothing; a pixel of which nothing lies inside is the border's.
static std::vector<Cover> covers(double from, double length, int picture, int pixels) {
	std::vector<Cover> out(pixels);
	for (int i = 0; i < pixels; i++) {
		const double low = std::clamp(from + length * i / pixels, 0.0, picture - 1e-3);
		const double high = std::clamp(from + length * (i + 1) / pixels, low + 1e-3, static_cast<double>(picture));
		out[i].first = static_cast<int>(low);
		for (int at = out[i].first; at < high; at++) {
			out[i].shares.push_back(static_cast<float>((std::min(at + 1.0, high) - std::max<double>(at, low)) / (high - low)));
		}
	}
	return out;
}

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
static void along3(const float *row, const std::vector<Cover> &columns, unsigned char *to) {
	for (const Cover &c : columns) {
		const float *at = row + 3L * c.first;
#if CV_SIMD128
		cv::v_float32x4 sum = cv::v_setzero_f32();
		for (const float share : c.shares) {
			sum = cv::v_muladd(cv::v_load(at), cv::v_setall_f32(share), sum);
			at += 3;
		}
		float sums[4];
		cv::v_store(sums, sum);
#else
		float sums[3] = {0, 0, 0};
		for (const float share : c.shares) {
			for (int k = 0; k < 3; k++) {
				sums[k] += share * *at++;
			}
		}
#endif
		for (int k = 0; k < 3; k++) {
			*to++ = cv::saturate_cast<unsigned char>(sums[k]);
		}
	}
}

// along1 is along3 for one channel.
static void along1(const float *row, const std::vector<Cover> &columns, unsigned char *to) {
	for (const Cover &c : columns) {
		const float *at = row + c.first;
		float sum = 0;
		for (const float share : c.shares) {
			sum += share * *at++;
		}
		*to++ = cv::saturate_cast<unsigned char>(sum);
	}
}

void visage_shrink(visage_region from, int width, int height, unsigned char *to, char **error) {
	guarded(error, [&] {
		const std::vector<Cover> columns = covers(from.x, from.width, from.columns, width);
		const std::vector<Cover> rows = covers(from.y, from.height, from.rows, height);
		const long bytes = 1L * from.channels * from.columns;
		const int left = from.channels * columns.front().first;
		const int right = from.channels * (columns.back().first + static_cast<int>(columns.back().shares.size()));
		std::vector<float> row(bytes + 1);
		for (const Cover &r : rows) {
			std::fill(row.begin() + left, row.begin() + right, 0.0F);
			for (size_t i = 0; i < r.shares.size(); i++) {
				add(from.pixels + bytes * (r.first + static_cast<long>(i)) + left, r.shares[i], right - left, row.data() + left);
			}
			(from.channels == 3 ? along3 : along1)(row.data(), columns, to);
			to += 1L * from.channels * width;
		}
	});
}
