#include "net.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <opencv2/dnn.hpp>
#include <stdexcept>

#include "guarded.h"

void *visage_net_open(const char *description, size_t description_bytes, const char *weights, size_t weights_bytes,
                      char **error) {
	cv::dnn::Net *net = nullptr;
	guarded(error, [&] {
		net = new cv::dnn::Net(cv::dnn::readNetFromCaffe(description, description_bytes, weights, weights_bytes));
		if (net->empty()) {
			throw std::runtime_error("it has no layers");
		}
		// Elsewhere the default may be a backend of Intel's with rounding of its own.
		net->setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
	});
	if (*error != nullptr) {
		delete net;
		return nullptr;
	}
	return net;
}

void visage_net_close(void *net) { delete static_cast<cv::dnn::Net *>(net); }

void visage_net_forward(void *net, int dimensions, const int *shape, const float *values, visage_array *answer,
                        char **error) {
	answer->values = nullptr;
	guarded(error, [&] {
		// The network keeps its input, which must not be Go's memory.
		const cv::Mat input = cv::Mat(dimensions, shape, CV_32F, const_cast<float *>(values)).clone();
		cv::dnn::Net *network = static_cast<cv::dnn::Net *>(net);
		network->setInput(input);
		const cv::Mat output = network->forward();
		if (output.type() != CV_32F || !output.isContinuous() || output.dims > visage_max_dimensions) {
			throw std::runtime_error("the output is not a dense array of float of at most 8 dimensions");
		}
		answer->dimensions = output.dims;
		std::copy(output.size.p, output.size.p + output.dims, answer->shape);
		answer->values = static_cast<float *>(malloc(std::max<size_t>(1, output.total()) * sizeof(float)));
		if (answer->values == nullptr) {
			throw std::bad_alloc();
		}
		std::copy_n(output.ptr<float>(), output.total(), answer->values);
	});
}
