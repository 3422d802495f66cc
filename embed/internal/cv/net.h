// What net.go needs of OpenCV's DNN module. No C++ exception leaves these
// functions: what went wrong comes back as text in *error, which the caller
// frees, and is NULL where all went well.
#ifndef VISAGE_NET_H
#define VISAGE_NET_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { visage_max_dimensions = 8 };

// A dense array of float, the last dimension running fastest.
typedef struct {
	int dimensions;
	int shape[visage_max_dimensions];
	float *values;
} visage_array;

// Reads a Caffe network: its description as text and its weights. The result is
// freed by visage_net_close.
void *visage_net_open(const char *description, size_t description_bytes, const char *weights, size_t weights_bytes,
                      char **error);

void visage_net_close(void *net);

// Runs the network on its only input. The caller frees the values of *answer.
void visage_net_forward(void *net, int dimensions, const int *shape, const float *values, visage_array *answer,
                        char **error);

#ifdef __cplusplus
}
#endif

#endif
