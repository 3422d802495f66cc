#!/usr/bin/env bash
# Runs every fuzz test for a while, one after the other, for go test takes one at a time:
#
#   scripts/fuzz.sh TIME [go test's flags and packages]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=$1
shift

# go test -list prints the names of a package's tests, then a line "ok PACKAGE TIME".
listing=$(go test -list '^Fuzz' "$@")
names=()
found=0
while read -r first package _; do
  case $first in
    Fuzz*) names+=("$first") ;;
    ok)
      for name in "${names[@]}"; do
        found=$((found + 1))
        go test -tags customenv -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package"
      done
      names=()
      ;;
  esac
done <<<"$listing"
echo "fuzz tests run: $found"
