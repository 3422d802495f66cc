# shellcheck shell=bash
# dlib, for the detector of that name: only `make build DLIB=1` asks for it. Sourced by setup.sh.

# Where Debian and Ubuntu put the predictor for 68 points, not compressed, 100 MB. It was trained
# on iBUG's 300-W, whose licence excludes commercial use.
readonly dlib_predictor=/usr/share/dlib/shape_predictor_68_face_landmarks.dat

# step_dlib installs dlib's headers and library and its shape predictor.
step_dlib() {
  install_packages libdlib-dev libdlib-data
  if [[ ! -f $dlib_predictor ]]; then
    fail "the package libdlib-data has put no predictor at $dlib_predictor: run apt-get install --reinstall libdlib-data"
  fi
  (umask 022 && mkdir -p "$(visage_home)/models")
  ln -sfn "$dlib_predictor" "$(visage_home)/models/$(basename "$dlib_predictor")"
  local version
  version=$(dpkg-query --show --showformat '${source:Upstream-Version}' libdlib-dev)
  ok "dlib ${version%%+*}"
  ok "dlib's predictor for 68 points (not for commercial use): $dlib_predictor"
}
