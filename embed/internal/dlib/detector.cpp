//go:build dlib

#include "detector.h"

#include "shim.hpp"
#include <cstdlib>
#include <cstring>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_processing/shape_predictor.h>
#include <dlib/image_transforms.h>
#include <istream>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace {

using picture = dlib::array2d<dlib::rgb_pixel>;

struct detector {
	dlib::frontal_face_detector faces;
	dlib::shape_predictor points;
};

picture copy(const unsigned char *rgb, int width, int height) {
	static_assert(sizeof(dlib::rgb_pixel) == 3, "rows are copied as bytes");
	picture out(height, width);
	for (long y = 0; y < height; y++) {
		memcpy(&out[y][0], rgb + 3 * static_cast<size_t>(y) * width, 3 * static_cast<size_t>(width));
	}
	return out;
}

std::vector<dlib::rect_detection> boxes(const detector &d, const picture &photo, int upsample, double threshold) {
	// A detector keeps its work on the last picture in itself, and is for one
	// thread. A copy is made of its filters alone and takes some 0.1 ms, against
	// 100 ms and more for a photograph.
	dlib::frontal_face_detector faces(d.faces);
	std::vector<dlib::rect_detection> found;
	if (upsample == 0) {
		faces(photo, found, threshold);
		return found;
	}
	dlib::pyramid_down<2> pyramid;
	picture larger;
	dlib::pyramid_up(photo, larger, pyramid);
	for (int i = 1; i < upsample; i++) {
		dlib::pyramid_up(larger, pyramid);
	}
	faces(larger, found, threshold);
	for (auto &f : found) {
		f.rect = pyramid.rect_down(f.rect, upsample);
	}
	return found;
}

visage_dlib_face face(const detector &d, const picture &photo, const dlib::rect_detection &found) {
	const dlib::rectangle &box = found.rect;
	visage_dlib_face out = {};
	out.left = static_cast<int>(box.left());
	out.top = static_cast<int>(box.top());
	out.right = static_cast<int>(box.right());
	out.bottom = static_cast<int>(box.bottom());
	out.score = found.detection_confidence;
	const dlib::full_object_detection shape = d.points(photo, box);
	for (unsigned long i = 0; i < shape.num_parts() && i < visage_dlib_points; i++) {
		out.points[2 * i] = static_cast<int>(shape.part(i).x());
		out.points[2 * i + 1] = static_cast<int>(shape.part(i).y());
	}
	return out;
}

} // namespace

void *visage_dlib_load(const unsigned char *predictor, size_t size, char **error) {
	detector *loaded = nullptr;
	visage::guarded(error, [&] {
		auto d = std::make_unique<detector>();
		visage::memory bytes(predictor, size);
		std::istream in(&bytes);
		dlib::deserialize(d->points, in);
		d->faces = dlib::get_frontal_face_detector();
		loaded = d.release();
	});
	return loaded;
}

void visage_dlib_close(void *d) { delete static_cast<detector *>(d); }

visage_dlib_face *visage_dlib_detect(const void *d, const unsigned char *rgb, int width, int height, int upsample,
                                     double threshold, int *count, char **error) {
	visage_dlib_face *faces = nullptr;
	*count = 0;
	visage::guarded(error, [&] {
		const detector &used = *static_cast<const detector *>(d);
		const picture photo = copy(rgb, width, height);
		const auto found = boxes(used, photo, upsample, threshold);
		// One more than needed: calloc may answer a size of nothing with NULL.
		faces = static_cast<visage_dlib_face *>(calloc(found.size() + 1, sizeof(visage_dlib_face)));
		if (faces == nullptr) {
			throw std::bad_alloc();
		}
		for (size_t i = 0; i < found.size(); i++) {
			faces[i] = face(used, photo, found[i]);
		}
		*count = static_cast<int>(found.size());
	});
	return faces;
}
