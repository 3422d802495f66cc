# shellcheck shell=bash
# shellcheck disable=SC2154 # here is set by setup.sh
# What the build needs: Go, a C++ compiler, OpenCV, libjpeg-turbo. Sourced by setup.sh.

# The modules that gocv includes (through opencv2/opencv.hpp), the Haar cascades, and
# libjpeg-turbo, which decodes JPEGs. The whole of libopencv-dev would bring VTK and 310 MB more.
readonly opencv_packages=(
  libopencv-calib3d-dev libopencv-core-dev libopencv-dnn-dev libopencv-features2d-dev
  libopencv-flann-dev libopencv-highgui-dev libopencv-imgcodecs-dev libopencv-imgproc-dev
  libopencv-ml-dev libopencv-objdetect-dev libopencv-photo-dev libopencv-stitching-dev
  libopencv-video-dev libopencv-videoio-dev libjpeg62-turbo-dev libturbojpeg0-dev opencv-data
)

# step_go checks that there is a Go, new enough for go.mod.
step_go() {
  local need have
  need=$(sed -n 's/^go //p' "$here/../go.mod")
  if ! command -v go >/dev/null; then
    fail "Go is not in PATH: install Go $need or newer"
  fi
  if ! have=$(cd "$here/.." && go env GOVERSION); then
    fail "this Go cannot build the module: install Go $need or newer"
  fi
  have=${have#go}
  if dpkg --compare-versions "${have%% *}" lt "$need"; then
    fail "Go $have is too old: install Go $need or newer"
  fi
  ok "Go $have"
}

# step_compiler installs what cgo needs.
step_compiler() {
  install_packages g++ make pkg-config
  ok "compiler: g++ $(g++ -dumpfullversion)"
}

# step_opencv installs OpenCV's and libjpeg-turbo's headers and libraries, and the Haar
# cascades.
step_opencv() {
  install_packages "${opencv_packages[@]}"
  ok "OpenCV $(dpkg-query --show --showformat '${source:Upstream-Version}' libopencv-core-dev)"
}
