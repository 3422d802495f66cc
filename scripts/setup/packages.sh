# shellcheck shell=bash
# shellcheck disable=SC2154 # work is set by setup.sh
# Packages of the distribution. Sourced by setup.sh.

# missing_packages prints those of its arguments that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    if [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      printf '%s\n' "$package"
    fi
  done
}

# apt_quietly runs apt-get, and shows what it said only when it fails.
apt_quietly() {
  need_root "apt-get $*"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" >"$work/apt.log" 2>&1 </dev/null; then
    tail -n 40 "$work/apt.log" >&2
    fail "apt-get $* failed (its last lines are above)"
  fi
}

# refresh_packages brings apt's lists up to date, once in a run.
refresh_packages() {
  if [[ -z ${packages_refreshed:-} ]]; then
    doing "refreshing the package lists"
    apt_quietly update
    packages_refreshed=yes
  fi
}

# install_packages installs those of its arguments that are missing.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} == 0 ]]; then
    return 0
  fi
  refresh_packages
  doing "installing ${missing[*]}"
  apt_quietly install --no-install-recommends "${missing[@]}"
}

# candidate_version prints the version of a package that apt would install, or nothing.
candidate_version() {
  apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -vx '(none)' || true
}
