//go:build dlib

#include "network.h"

#include "network.hpp"
#include "shim.hpp"
#include <algorithm>
#include <istream>
#include <memory>

namespace {

using visage::guarded;
using visage::network;
using crop = dlib::matrix<dlib::rgb_pixel>;

} // namespace

void *visage_dlib_network_load(const unsigned char *file, size_t size, char **error) {
	network *loaded = nullptr;
	guarded(error, [&] {
		auto n = std::make_unique<network>();
		visage::memory bytes(file, size);
		std::istream in(&bytes);
		dlib::deserialize(*n, in);
		loaded = n.release();
	});
	return loaded;
}

void *visage_dlib_network_copy(const void *n, char **error) {
	network *copy = nullptr;
	guarded(error, [&] { copy = new network(*static_cast<const network *>(n)); });
	return copy;
}

void visage_dlib_network_close(void *n) { delete static_cast<network *>(n); }

void visage_dlib_network_describe(void *n, const unsigned char *crops, size_t count, float *values, char **error) {
	static_assert(sizeof(dlib::rgb_pixel) == 3, "crops are copied as bytes");
	guarded(error, [&] {
		crop picture(visage::side, visage::side);
		const size_t bytes = picture.size() * sizeof(dlib::rgb_pixel);
		for (size_t i = 0; i < count; i++) {
			memcpy(&picture(0, 0), crops + i * bytes, bytes);
			const auto &face = (*static_cast<network *>(n))(picture);
			values = std::copy(face.begin(), face.end(), values);
		}
	});
}
