#!/usr/bin/env bash
# Installs what Visage needs on Debian 12, Debian 13 and Ubuntu 24.04.
#
#   scripts/setup.sh            every step but dlib
#   scripts/setup.sh STEP...    only these, in the order given
#
# Steps: go compiler opencv postgres pgvector onnxruntime dlib
#
# It may be run again at any time: what is there already is left alone. Packages are installed
# as root, through sudo when somebody else runs it.
#
#   VISAGE_HOME           where ONNX Runtime's library goes (default: see home.sh)
#   VISAGE_ORT_LIB        an ONNX Runtime library of your own; none is fetched then
#   VISAGE_DEBIAN_MIRROR  a Debian archive to take pgvector's source from (default: the one
#                         that this machine's apt is set up with; needed on Ubuntu only)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/home.sh
source "$here/home.sh"
# shellcheck source=scripts/setup/packages.sh
source "$here/setup/packages.sh"
# shellcheck source=scripts/setup/build.sh
source "$here/setup/build.sh"
# shellcheck source=scripts/setup/postgres.sh
source "$here/setup/postgres.sh"
# shellcheck source=scripts/setup/pgvector.sh
source "$here/setup/pgvector.sh"
# shellcheck source=scripts/setup/onnxruntime.sh
source "$here/setup/onnxruntime.sh"
# shellcheck source=scripts/setup/dlib.sh
source "$here/setup/dlib.sh"

ok() { printf 'ok: %s\n' "$*"; }
doing() { printf '...: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# need_root fails where what is named could not be run as root.
need_root() {
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    fail "'$*' needs root: run this as root, or install sudo"
  fi
}

# as_root runs a command as root.
as_root() {
  need_root "$*"
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

# check_system stops on systems that this script does not know.
check_system() {
  # shellcheck source=/dev/null
  local system
  system=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}")
  case $system in
    "debian 12" | "debian 13" | "ubuntu 24.04") ok "system: $system" ;;
    *) fail "this system ($system) is not one of Debian 12, Debian 13, Ubuntu 24.04; use Docker Compose there (docker-compose.yml)" ;;
  esac
}

work=$(mktemp -d)
chmod 0755 "$work" # apt drops to a user of its own while it downloads
cleanup() {
  postgres_restore_defaults
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check_system
if [[ $# == 0 ]]; then
  set -- go compiler opencv postgres pgvector onnxruntime
fi
for step in "$@"; do
  case $step in
    go | compiler | opencv | postgres | pgvector | onnxruntime | dlib) "step_$step" ;;
    *) fail "unknown step '$step': choose from go compiler opencv postgres pgvector onnxruntime dlib" ;;
  esac
done
