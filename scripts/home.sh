# shellcheck shell=bash
# Where Visage keeps its things on this machine. Sourced by the other scripts.

# visage_home prints the home directory: $VISAGE_HOME, else the place for the user who runs.
# Root gets a place of its own because the private Postgres runs as the user postgres, who
# cannot look below /root.
visage_home() {
  if [[ -n ${VISAGE_HOME:-} ]]; then
    printf '%s\n' "$VISAGE_HOME"
  elif [[ $(id -u) == 0 ]]; then
    printf '/var/lib/visage\n'
  else
    printf '%s/visage\n' "${XDG_DATA_HOME:-$HOME/.local/share}"
  fi
}

# ort_library prints the path of ONNX Runtime's shared library; VISAGE_ORT_LIB wins.
ort_library() {
  printf '%s\n' "${VISAGE_ORT_LIB:-$(visage_home)/lib/libonnxruntime.so.1}"
}
