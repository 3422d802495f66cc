#include "cascade.h"

#include "guarded.h"
#include <cstdlib>
#include <new>
#include <opencv2/objdetect.hpp>
#include <stdexcept>
#include <vector>

void *visage_cascade_open(const char *path, char **error) {
	cv::CascadeClassifier *cascade = nullptr;
	guarded(error, [&] {
		cascade = new cv::CascadeClassifier();
		if (!cascade->load(path)) {
			throw std::runtime_error("not a cascade that OpenCV reads");
		}
	});
	if (*error != nullptr) {
		delete cascade;
		return nullptr;
	}
	return cascade;
}

void visage_cascade_close(void *cascade) { delete static_cast<cv::CascadeClassifier *>(cascade); }

visage_window *visage_cascade_windows(void *cascade, unsigned char *grey, int width, int height, double factor,
                                      int neighbours, int least, int *count, char **error) {
	visage_window *windows = nullptr;
	*count = 0;
	guarded(error, [&] {
		const cv::Mat picture(height, width, CV_8UC1, grey);
		std::vector<cv::Rect> found;
		std::vector<int> levels;
		std::vector<double> weights;
		static_cast<cv::CascadeClassifier *>(cascade)->detectMultiScale(picture, found, levels, weights, factor, neighbours,
		                                                               0, cv::Size(least, least), cv::Size(), true);
		windows = static_cast<visage_window *>(calloc(found.size() + 1, sizeof(visage_window)));
		if (windows == nullptr) {
			throw std::bad_alloc();
		}
		for (size_t i = 0; i < found.size(); i++) {
			windows[i] = {found[i].x, found[i].y, found[i].width, found[i].height, weights[i]};
		}
		*count = static_cast<int>(found.size());
	});
	return windows;
}
