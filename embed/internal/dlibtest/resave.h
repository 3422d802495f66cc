// What resave.go needs of dlib.
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Reads a network and writes it anew. The caller frees the *size bytes; they are
// NULL where dlib refuses the network.
unsigned char *visage_dlibtest_resave(const unsigned char *file, size_t length, size_t *size);

#ifdef __cplusplus
}
#endif
