# SPDX-License-Identifier: Apache-2.0
# Sourced: dependencies and the build of one preset into build/<preset>.
# Fails: with the end of the compiler's output.
# shellcheck shell=bash

# install_deps option…: unless EG_SKIP_DEPS=1.
install_deps() {
  [ "${EG_SKIP_DEPS:-0}" = 1 ] || "$EG_ROOT/scripts/install-deps" "$@"
}

configure_preset() { (cd "$EG_ROOT" && cmake --preset "$1"); }

# compile_preset preset target…: without targets what the preset names.
compile_preset() {
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  (cd "$EG_ROOT" && cmake --build --preset "$preset" --parallel "$EG_JOBS" ${targets[@]+"${targets[@]}"})
}

# build_preset preset target…: two steps with their times. Two runs at once wait for each other.
build_preset() {
  with_lock "build-$(printf '%s' "$EG_ROOT" | cksum | cut -d' ' -f1)-$1" build_preset_locked "$@"
}

build_preset_locked() {
  step "configure ($1)" configure_preset "$1"
  step "build ($1)" compile_preset "$@"
}
