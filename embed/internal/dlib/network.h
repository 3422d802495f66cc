// What network.go needs of dlib. No C++ exception leaves these functions: what
// went wrong comes back as text in *error, which the caller frees, and is NULL
// where all went well.
#ifndef VISAGE_DLIB_NETWORK_H
#define VISAGE_DLIB_NETWORK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Reads a network that CheckNetwork has found good, of size bytes. The result is
// freed by visage_dlib_network_close.
void *visage_dlib_network_load(const unsigned char *file, size_t size, char **error);

// Returns another network with the same weights. The first one may be copied by
// several threads at once, so long as none of them runs it.
void *visage_dlib_network_copy(const void *network, char **error);

void visage_dlib_network_close(void *network);

// Describes count crops, which lie one behind the other, each 150 rows of 150
// pixels of red, green, blue. Each writes 128 values. A network is for one thread
// at a time.
void visage_dlib_network_describe(void *network, const unsigned char *crops, size_t count, float *values,
                                  char **error);

#ifdef __cplusplus
}
#endif

#endif
