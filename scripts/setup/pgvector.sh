# shellcheck shell=bash
# shellcheck disable=SC2154 # work is set by setup.sh
# pgvector: the distribution's package where it is new enough, else built from the source
# package of Debian 13. Sourced by setup.sh.

readonly pgvector_oldest=0.8.0
readonly pgvector_source_suite=trixie
readonly debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# step_pgvector sees to pgvector for the newest server; a version new enough is kept.
step_pgvector() {
  local major installed package
  major=$(postgres_majors | head -n 1)
  if [[ -z $major ]]; then
    fail "there is no PostgreSQL to put pgvector into: run the step 'postgres' first"
  fi
  installed=$(pgvector_version "$major")
  if ! pgvector_new_enough "$installed"; then
    refresh_packages
    package=$(candidate_version "postgresql-$major-pgvector")
    if pgvector_new_enough "$package"; then
      doing "installing postgresql-$major-pgvector"
      apt_quietly install --no-install-recommends "postgresql-$major-pgvector"
    else
      pgvector_build "$major"
    fi
    installed=$(pgvector_version "$major")
  fi
  if ! pgvector_new_enough "$installed"; then
    fail "pgvector for PostgreSQL $major is '${installed:-missing}'; $pgvector_oldest or newer is needed"
  fi
  ok "pgvector $installed for PostgreSQL $major"
}

# pgvector_version prints the version installed for a PostgreSQL, or nothing.
pgvector_version() {
  sed -n "s/^default_version = '\(.*\)'/\1/p" \
    "/usr/share/postgresql/$1/extension/vector.control" 2>/dev/null || true
}

# pgvector_new_enough says whether a version (which may be empty) will do.
pgvector_new_enough() {
  [[ -n $1 ]] && dpkg --compare-versions "$1" ge "$pgvector_oldest"
}

# pgvector_build builds and installs pgvector for one PostgreSQL.
pgvector_build() {
  local major=$1
  if [[ -z $(missing_packages "postgresql-$major-pgvector") ]]; then
    fail "the package postgresql-$major-pgvector is older than $pgvector_oldest: remove it (apt-get remove postgresql-$major-pgvector) and run this again"
  fi
  install_packages g++ make dpkg-dev debian-archive-keyring
  doing "fetching pgvector's source"
  pgvector_fetch_source
  pgvector_fetch_headers "$major"
  doing "building pgvector"
  # OPTFLAGS= leaves out -march=native, so that the result runs on other processors too;
  # bitcode for the server's JIT would need all of clang and LLVM, and no query of ours uses it.
  local flags=(OPTFLAGS= with_llvm=no "PG_CPPFLAGS=-I$work/headers/usr/include/postgresql/$major/server"
    "PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config")
  if ! (cd "$work/source/pgvector" && make --jobs="$(nproc)" "${flags[@]}" &&
    as_root make "${flags[@]}" install) >"$work/pgvector.log" 2>&1; then
    tail -n 40 "$work/pgvector.log" >&2
    fail "pgvector did not build (the last lines are above)"
  fi
}

# pgvector_fetch_source unpacks Debian's source package into $work/source/pgvector. apt gets a
# list, a cache and a state of its own, so the machine's apt configuration stays as it is;
# Debian's archive keyring vouches for what comes.
pgvector_fetch_source() {
  local mirror
  mirror=$(debian_mirror)
  mkdir -p "$work/source" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  printf 'deb-src [signed-by=%s] %s %s main\n' "$debian_keyring" "$mirror" "$pgvector_source_suite" \
    >"$work/apt/sources.list"
  local private=(-o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache")
  if ! (cd "$work/source" && apt-get --quiet "${private[@]}" update &&
    apt-get --quiet "${private[@]}" source pgvector &&
    mv pgvector-*/ pgvector) >"$work/source.log" 2>&1; then
    tail -n 20 "$work/source.log" >&2
    fail "pgvector's source could not be fetched from $mirror (the last lines are above)"
  fi
}

# debian_mirror prints the Debian archive that this machine's apt uses.
debian_mirror() {
  local mirror=${VISAGE_DEBIAN_MIRROR:-}
  if [[ -z $mirror ]]; then
    # shellcheck disable=SC2016 # the dollar is apt's
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
      'Label: Debian' 'Component: main' | head -n 1)
  fi
  if [[ -z $mirror ]]; then
    fail "pgvector must be built from Debian's source package, and this machine's apt knows no Debian archive: set VISAGE_DEBIAN_MIRROR to the address of one, or install pgvector $pgvector_oldest or newer yourself"
  fi
  printf '%s\n' "$mirror"
}

# pgvector_fetch_headers unpacks the server's headers into $work/headers. Installing their
# package would bring clang and LLVM, 565 MB.
pgvector_fetch_headers() {
  local package=postgresql-server-dev-$1
  mkdir -p "$work/headers"
  if ! (cd "$work/headers" && apt-get --quiet download "$package" &&
    dpkg-deb --extract "$package"_*.deb .) >"$work/headers.log" 2>&1; then
    tail -n 20 "$work/headers.log" >&2
    fail "the package $package could not be fetched (the last lines are above)"
  fi
}
