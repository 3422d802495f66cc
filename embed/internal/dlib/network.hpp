// The network of dlib_face_recognition_resnet_model_v1.dat, as dlib's author
// publishes it (examples/dnn_face_recognition_ex.cpp, anet_type), in the words of
// He et al. 2015, "Deep Residual Learning for Image Recognition": 29
// convolutions, all but the first in pairs that a shortcut goes around.
#ifndef VISAGE_DLIB_NETWORK_HPP
#define VISAGE_DLIB_NETWORK_HPP

#include <dlib/dnn/core.h>
#include <dlib/dnn/input.h>
#include <dlib/dnn/layers.h>
#include <dlib/dnn/loss.h>

namespace visage {

enum { side = 150, dimensions = 128 };

template <int filters, int stride, typename below>
using scaled = dlib::affine<dlib::con<filters, 3, 3, stride, stride, below>>;

template <int filters, int stride, typename below>
using pair = scaled<filters, 1, dlib::relu<scaled<filters, stride, below>>>;

// A pair, and what went into it added to what comes out.
template <int filters, typename below>
using residual = dlib::relu<dlib::add_prev1<pair<filters, 1, dlib::tag1<below>>>>;

// The same at half the width and height: the shortcut averages squares of four
// pixels. Where one of the two has fewer channels, rows or columns it is filled
// up with zeros.
template <int filters, typename below>
using halving = dlib::relu<
    dlib::add_prev2<dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<pair<filters, 2, dlib::tag1<below>>>>>>>;

template <typename below>
using stem = dlib::max_pool<3, 3, 2, 2, dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, below>>>>;
template <typename below> using level32 = residual<32, residual<32, residual<32, below>>>;
template <typename below> using level64 = residual<64, residual<64, residual<64, halving<64, below>>>>;
template <typename below> using level128 = residual<128, residual<128, halving<128, below>>>;
template <typename below> using level256 = residual<256, residual<256, halving<256, below>>>;
template <typename below> using last256 = halving<256, below>;

// The input is red, green and blue less their means, divided by 256 (dlib/dnn/input.h).
using network = dlib::loss_metric<dlib::fc_no_bias<
    dimensions, dlib::avg_pool_everything<
                    last256<level256<level128<level64<level32<stem<dlib::input_rgb_image_sized<side>>>>>>>>>>;

} // namespace visage

#endif
