# shellcheck shell=bash
# shellcheck disable=SC2154 # work is set by setup.sh
# PostgreSQL's server. Sourced by setup.sh.

readonly postgres_oldest=15
readonly cluster_defaults=/etc/postgresql-common/createcluster.conf

# postgres_majors prints the installed server versions that are new enough, newest first.
postgres_majors() {
  local server major
  for server in /usr/lib/postgresql/*/bin/postgres; do
    major=${server#/usr/lib/postgresql/}
    major=${major%%/*}
    if [[ -x $server && $major -ge $postgres_oldest ]]; then
      printf '%s\n' "$major"
    fi
  done | sort --numeric-sort --reverse
}

# step_postgres installs the distribution's server where there is none. Visage runs clusters of
# its own, so the package is kept from creating one; clusters that exist are left alone.
step_postgres() {
  local major
  major=$(postgres_majors | head -n 1)
  if [[ -z $major ]]; then
    install_packages postgresql-common
    refresh_packages
    major=$(apt-cache depends postgresql | sed -n 's/^  Depends: postgresql-\([0-9]*\)$/\1/p')
    if [[ -z $major || $major -lt $postgres_oldest ]]; then
      fail "this system's PostgreSQL is '${major:-none}'; $postgres_oldest or newer is needed"
    fi
    postgres_without_cluster
    install_packages "postgresql-$major"
    postgres_restore_defaults
  fi
  ok "PostgreSQL $("/usr/lib/postgresql/$major/bin/postgres" --version | sed 's/^[^0-9]*//')"
}

# postgres_without_cluster tells the server's package not to create a cluster.
postgres_without_cluster() {
  cp --preserve "$cluster_defaults" "$work/createcluster.conf"
  printf 'create_main_cluster = off\n' | as_root tee --append "$cluster_defaults" >/dev/null
  cluster_defaults_changed=yes
}

# postgres_restore_defaults undoes postgres_without_cluster; it may be called at any time.
postgres_restore_defaults() {
  if [[ -n ${cluster_defaults_changed:-} ]]; then
    as_root cp "$work/createcluster.conf" "$cluster_defaults"
    cluster_defaults_changed=
  fi
}
