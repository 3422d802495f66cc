# shellcheck shell=bash
# shellcheck disable=SC2154 # work is set by setup.sh
# ONNX Runtime's shared library, out of its npm package. Sourced by setup.sh.

readonly ort_package=onnxruntime-node@1.27.0
readonly ort_package_sha512=QEzGwrvNBgv4uPVdnbHsOGG4G6T96mdlcFI8aAKPjMU8wOPpVocPXb6k3QGkaZagVTv2G9Bnnbo6Z3JdXr1fQw==
# The library inside that package, by npm's name of the processor.
readonly -A ort_library_sha256=(
  [x64]=d8aff4aa8abee8fb2abb2f2f2459ffc94461e781e41b9f7c072829dd0d470221
  [arm64]=c36bc200e7e6c093b8abb0b34590fbdd8c52fd3fb5e33795b9523ffdde2fce0f
)

# step_onnxruntime puts the library where Visage looks for it.
step_onnxruntime() {
  local library processor
  library=$(ort_library)
  if [[ -n ${VISAGE_ORT_LIB:-} ]]; then
    [[ -f $library ]] || fail "VISAGE_ORT_LIB names $library, which is not a file"
    ok "ONNX Runtime: $library (VISAGE_ORT_LIB)"
    return 0
  fi
  processor=$(ort_processor)
  if ! ort_has_hash "$library" "${ort_library_sha256[$processor]}"; then
    ort_install "$library" "$processor"
  fi
  ok "ONNX Runtime ${ort_package#*@}: $library"
}

# ort_processor prints npm's name of this machine's processor.
ort_processor() {
  case $(dpkg --print-architecture) in
    amd64) printf 'x64\n' ;;
    arm64) printf 'arm64\n' ;;
    *) fail "there is no ONNX Runtime for this processor ($(dpkg --print-architecture)) in $ort_package: set VISAGE_ORT_LIB to a library of your own" ;;
  esac
}

# ort_has_hash says whether a file is there and has a SHA-256.
ort_has_hash() {
  [[ -f $1 ]] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status
}

# ort_install fetches the package, checks it, and moves the library alone into place.
ort_install() {
  local library=$1 processor=$2 member archive
  member=package/bin/napi-v6/linux/$processor/libonnxruntime.so.1
  command -v npm >/dev/null || install_packages npm
  doing "fetching $ort_package (100 MB; one library of it is kept)"
  mkdir -p "$work/npm"
  if ! archive=$work/npm/$(cd "$work/npm" && npm pack --silent --cache "$work/npm/cache" "$ort_package"); then
    fail "npm could not fetch $ort_package"
  fi
  if [[ $(sha512sum "$archive" | cut -d ' ' -f 1 | tr a-f A-F | basenc --base16 --decode | base64 --wrap 0) != "$ort_package_sha512" ]]; then
    fail "$ort_package does not have the contents that were expected (SHA-512): nothing was installed"
  fi
  tar --extract --gzip --no-same-owner --file "$archive" --directory "$work/npm" "$member"
  if ! ort_has_hash "$work/npm/$member" "${ort_library_sha256[$processor]}"; then
    fail "the library in $ort_package does not have the contents that were expected (SHA-256): nothing was installed"
  fi
  (umask 022 && mkdir -p "$(dirname "$library")")
  install --mode 0644 "$work/npm/$member" "$library.new"
  mv "$library.new" "$library"
}
