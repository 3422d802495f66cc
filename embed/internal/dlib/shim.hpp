// What the C++ functions of this package share.
#ifndef VISAGE_DLIB_SHIM_HPP
#define VISAGE_DLIB_SHIM_HPP

#include <cstddef>
#include <cstring>
#include <exception>
#include <streambuf>

namespace visage {

// memory reads bytes that lie in memory, without a copy.
struct memory : std::streambuf {
	memory(const unsigned char *data, size_t size) {
		char *begin = reinterpret_cast<char *>(const_cast<unsigned char *>(data));
		setg(begin, begin, begin + size);
	}
};

// guarded runs what may throw, and turns an exception into text. dlib's own
// failed assertions (dlib::fatal_error) end the process at their second time, so
// the arguments are checked in Go.
template <typename Work> void guarded(char **error, Work work) {
	*error = nullptr;
	try {
		work();
	} catch (const std::exception &e) {
		*error = strdup(e.what());
	} catch (...) {
		*error = strdup("unknown C++ exception");
	}
}

} // namespace visage

#endif
