#!/usr/bin/env bash
# Runs a command with a private Postgres of its own, which is gone when the command ends:
#
#   scripts/with-postgres.sh go test ./...
#
# The command finds its address in VISAGE_TEST_DATABASE_URL and ONNX Runtime's library in
# VISAGE_ORT_LIB. A VISAGE_TEST_DATABASE_URL that is set already is used as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/home.sh
source scripts/home.sh

VISAGE_ORT_LIB=$(ort_library)
export VISAGE_ORT_LIB
if [[ ! -f $VISAGE_ORT_LIB ]]; then
  echo "ONNX Runtime's library is not at $VISAGE_ORT_LIB: run make setup" >&2
  exit 1
fi
# What is set up for everyday use is no business of a test.
unset VISAGE_HOME VISAGE_DATABASE_URL VISAGE_REPLICA_URL VISAGE_REPLICA_LAG VISAGE_MODELS VISAGE_MODELS_FILE VISAGE_CONFIG VISAGE_LOG_LEVEL VISAGE_LOG_FORMAT
if [[ -n ${VISAGE_TEST_DATABASE_URL:-} ]]; then
  exec "$@"
fi

# Below /tmp, because Postgres runs as another user when root runs this, and because the path of
# a unix socket may not be long.
home=$(mktemp -d /tmp/visage-test.XXXXXX)
chmod 0755 "$home"
cleanup() {
  bin/visage --home "$home" db stop || true
  rm -rf "$home"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bin/visage --home "$home" db start >/dev/null
VISAGE_TEST_DATABASE_URL=$(bin/visage --home "$home" db url)
export VISAGE_TEST_DATABASE_URL
"$@"
