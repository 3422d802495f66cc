//go:build dlib

#include "chip.h"

#include "shim.hpp"
#include <dlib/array2d.h>
#include <dlib/image_processing/full_object_detection.h>
#include <dlib/image_transforms/interpolation.h>
#include <stdexcept>
#include <vector>

namespace {

// view lets dlib read a picture where it lies (dlib/image_processing/generic_image.h).
struct view {
	const unsigned char *rgb;
	long width, height;
};

long num_rows(const view &v) { return v.height; }
long num_columns(const view &v) { return v.width; }
long width_step(const view &v) { return 3 * v.width; }
const void *image_data(const view &v) { return v.rgb; }

// What the network's author gives for its crops (dlib, examples/dnn_face_recognition_ex.cpp).
const double padding = 0.25;

dlib::chip_details place(const int *points, int count, int side) {
	std::vector<dlib::point> parts;
	for (int i = 0; i < count; i++) {
		parts.emplace_back(points[2 * i], points[2 * i + 1]);
	}
	return dlib::get_face_chip_details(dlib::full_object_detection(dlib::rectangle(), parts), side, padding);
}

} // namespace

namespace dlib {
template <> struct image_traits<view> { typedef rgb_pixel pixel_type; };
} // namespace dlib

void visage_dlib_chip(const unsigned char *rgb, int width, int height, const int *points, int count, int side,
                      unsigned char *chip, char **error) {
	static_assert(sizeof(dlib::rgb_pixel) == 3, "rows are copied as bytes");
	visage::guarded(error, [&] {
		const view photo = {rgb, width, height};
		const dlib::chip_details where = place(points, count, side);
		// Where the points make no face, such as all in one place, dlib would divide by nothing.
		if (!(where.rect.width() > 2) || where.rect.intersect(dlib::get_rect(photo)).is_empty()) {
			throw std::invalid_argument("the points make no face in the picture");
		}
		dlib::array2d<dlib::rgb_pixel> out;
		dlib::extract_image_chip(photo, where, out);
		for (long y = 0; y < side; y++) {
			memcpy(chip + 3 * y * side, &out[y][0], 3 * static_cast<size_t>(side));
		}
	});
}
