#include "shrinkalong.h"

#include "fast.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>

// shareBits are so many that a share fits into 16 bits; all of a cover are 1 << shareBits
// together, sumBits make a level of what is added up, and half of that is for rounding.
static const int shareBits = 14, sumBits = shareBits + 7, half = 1 << (sumBits - 1);
static_assert(1 << (sumBits - shareBits) == levelUnits);

// spread gives the shares of a cover to its pixels; what one loses by rounding, the next
// one gets. Of three channels a step is of two pixels, blue of both first, then green.
static void spread(const Cover &c, int channels, short *shares) {
	double sum = 0;
	for (int i = 0; i < c.count; i++) {
		const long before = std::lround(sum * (1 << shareBits));
		sum += i == 0 ? c.by : i == c.count - 1 ? c.lastBy : c.between;
		const short share = static_cast<short>(std::lround(sum * (1 << shareBits)) - before);
		if (channels == 1) {
			shares[i] = share;
			continue;
		}
		short *pair = shares + i / 2 * 8;
		pair[i % 2] = pair[i % 2 + 2] = pair[i % 2 + 4] = share;
	}
}

Taps::Taps(const std::vector<Cover> &columns, int channels) : channels(channels), steps(0) {
	const int pixels = channels == 1 ? 8 : 2;
	for (const Cover &c : columns) {
		from.push_back(channels * c.first);
		steps = std::max(steps, (c.count + pixels - 1) / pixels);
	}
	shares.resize(8L * steps * columns.size());
	for (size_t x = 0; x < columns.size(); x++) {
		spread(columns[x], channels, &shares[8L * steps * x]);
	}
}

// colours is along for three channels. Where the number of steps is known to the compiler,
// as fixed, a usual face is scaled down in a sixth less time.
template <int fixed>
FAST static void colours(const short *row, const std::vector<int> &from, const short *shares, int steps, unsigned char *to) {
	for (const int first : from) {
		const short *at = row + first;
		cv::v_int32x4 sum = cv::v_setall_s32(half);
		for (int i = 0; i < (fixed > 0 ? fixed : steps); i++, at += 6, shares += 8) {
			cv::v_int16x8 pair, rest;
			cv::v_zip(cv::v_load(at), cv::v_load(at + 3), pair, rest);
			sum = cv::v_dotprod(pair, cv::v_load(shares), sum);
		}
		const cv::v_int16x8 levels = cv::v_pack(cv::v_shr<sumBits>(sum), sum);
		const int four = cv::v_reinterpret_as_s32(cv::v_pack_u(levels, levels)).get0();
		std::memcpy(to, &four, sizeof four); // the next pixel overwrites the fourth: to write three takes longer
		to += 3;
	}
}

// greys is along for one channel.
FAST static void greys(const short *row, const std::vector<int> &from, const short *shares, int steps, unsigned char *to) {
	for (const int first : from) {
		const short *at = row + first;
		cv::v_int32x4 sum = cv::v_setzero_s32();
		for (int i = 0; i < steps; i++, at += 8, shares += 8) {
			sum = cv::v_dotprod(cv::v_load(at), cv::v_load(shares), sum);
		}
		*to++ = static_cast<unsigned char>(std::clamp((cv::v_reduce_sum(sum) + half) >> sumBits, 0, 255));
	}
}

void Taps::along(const short *row, unsigned char *to) const {
	static decltype(&greys) const all[] = {colours<0>, colours<1>, colours<2>, colours<3>, colours<4>, colours<5>};
	const int known = sizeof all / sizeof *all;
	(channels == 1 ? greys : all[steps < known ? steps : 0])(row, from, shares.data(), steps, to);
}
