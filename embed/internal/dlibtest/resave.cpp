//go:build dlib

#include "resave.h"

#include "../dlib/network.hpp"
#include <cstdlib>
#include <cstring>
#include <sstream>

unsigned char *visage_dlibtest_resave(const unsigned char *file, size_t length, size_t *size) {
	try {
		std::istringstream in(std::string(reinterpret_cast<const char *>(file), length));
		std::ostringstream out;
		visage::network n;
		dlib::deserialize(n, in);
		dlib::serialize(n, out);
		const std::string bytes = out.str();
		auto *copy = static_cast<unsigned char *>(malloc(bytes.size()));
		if (copy != nullptr) {
			memcpy(copy, bytes.data(), bytes.size());
			*size = bytes.size();
		}
		return copy;
	} catch (const std::exception &) {
		return nullptr;
	}
}
