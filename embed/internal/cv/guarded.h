// What every C++ function that Go calls is wrapped in: an exception that left
// it would end the process.
#ifndef VISAGE_GUARDED_H
#define VISAGE_GUARDED_H

#include <cstring>
#include <exception>

// guarded runs what may throw, and turns an exception into text that the caller
// frees. *error is NULL where all went well.
template <typename Work> static void guarded(char **error, Work work) {
	*error = nullptr;
	try {
		work();
	} catch (const std::exception &e) {
		*error = strdup(e.what());
	} catch (...) {
		*error = strdup("unknown C++ exception");
	}
}

#endif
