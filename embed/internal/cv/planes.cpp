#include "planes.h"

#include "guarded.h"
#include <opencv2/core.hpp>
#include <opencv2/core/hal/intrin.hpp>

#if CV_SIMD128
// widen maps 16 bytes to 16 floats.
static void widen(const cv::v_uint8x16 &bytes, const cv::v_float32x4 &scale, const cv::v_float32x4 &shift, float *to) {
	cv::v_uint16x8 halves[2];
	cv::v_expand(bytes, halves[0], halves[1]);
	for (int i = 0; i < 2; i++) {
		cv::v_uint32x4 low, high;
		cv::v_expand(halves[i], low, high);
		cv::v_store(to + 8 * i, cv::v_muladd(cv::v_cvt_f32(cv::v_reinterpret_as_s32(low)), scale, shift));
		cv::v_store(to + 8 * i + 4, cv::v_muladd(cv::v_cvt_f32(cv::v_reinterpret_as_s32(high)), scale, shift));
	}
}

// blocks maps as many whole blocks of 16 pixels as the row has, and says how
// many pixels that were.
static int blocks(const unsigned char *row, int width, float *const *to, float scale, const float *shift) {
	const cv::v_float32x4 by = cv::v_setall_f32(scale);
	const cv::v_float32x4 plus[3] = {cv::v_setall_f32(shift[0]), cv::v_setall_f32(shift[1]), cv::v_setall_f32(shift[2])};
	int x = 0;
	for (; x + 16 <= width; x += 16) {
		cv::v_uint8x16 channels[3];
		cv::v_load_deinterleave(row + 3 * x, channels[0], channels[1], channels[2]);
		for (int c = 0; c < 3; c++) {
			widen(channels[c], by, plus[c], to[c] + x);
		}
	}
	return x;
}
#else
static int blocks(const unsigned char *, int, float *const *, float, const float *) { return 0; }
#endif

#if CV_SIMD128
// sixteen maps 16 pixels of three bytes to floats that stay together, in the order of
// from.
static void sixteen(const unsigned char *pixels, const int *from, const cv::v_float32x4 *scale, const cv::v_float32x4 *shift, float *to) {
	cv::v_uint8x16 channels[3];
	cv::v_load_deinterleave(pixels, channels[0], channels[1], channels[2]);
	float levels[3][16];
	for (int c = 0; c < 3; c++) {
		widen(channels[from[c]], scale[c], shift[c], levels[c]);
	}
	for (int i = 0; i < 16; i += 4) {
		cv::v_store_interleave(to + 3 * i, cv::v_load(levels[0] + i), cv::v_load(levels[1] + i), cv::v_load(levels[2] + i));
	}
}
#endif

void visage_together(const unsigned char *pixels, long count, float *out, const int *from, const float *scale, const float *shift, char **error) {
	guarded(error, [&] {
		long i = 0;
#if CV_SIMD128
		const cv::v_float32x4 by[3] = {cv::v_setall_f32(scale[0]), cv::v_setall_f32(scale[1]), cv::v_setall_f32(scale[2])};
		const cv::v_float32x4 plus[3] = {cv::v_setall_f32(shift[0]), cv::v_setall_f32(shift[1]), cv::v_setall_f32(shift[2])};
		for (; i + 16 <= count; i += 16) {
			sixteen(pixels + 3 * i, from, by, plus, out + 3 * i);
		}
#endif
		for (; i < count; i++) {
			for (int c = 0; c < 3; c++) {
				out[3 * i + c] = pixels[3 * i + from[c]] * scale[c] + shift[c];
			}
		}
	});
}

void visage_planes(const unsigned char *pixels, int width, int height, float *planes, const long *plane, long stride,
                   float scale, const float *shift, char **error) {
	guarded(error, [&] {
		for (int y = 0; y < height; y++) {
			const unsigned char *row = pixels + 3L * width * y;
			float *const to[3] = {planes + plane[0] + stride * y, planes + plane[1] + stride * y, planes + plane[2] + stride * y};
			for (int x = blocks(row, width, to, scale, shift); x < width; x++) {
				for (int c = 0; c < 3; c++) {
					to[c][x] = row[3 * x + c] * scale + shift[c];
				}
			}
		}
	});
}
