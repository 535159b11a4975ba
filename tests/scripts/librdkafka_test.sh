#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which librdkafka the scripts choose and build, without building one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# library command…: in a shell with scripts/lib/librdkafka.sh and an empty cache.
library() { bash -euc '. "$EG_ROOT/scripts/lib/common.sh"; EG_CACHE=$1; shift; . "$EG_ROOT/scripts/lib/librdkafka.sh"; "$@"' library "$scratch" "$@"; }

# system_has version: pkg-config says so.
system_has() {
  mkdir -p "$scratch/bin"
  printf '#!/bin/sh\n[ "$(printf "%%s\\n%s\\n" "${1#--atleast-version=}" | sort -V | tail -n 1)" = %s ]\n' "$1" "$1" >"$scratch/bin/pkg-config"
  chmod +x "$scratch/bin/pkg-config"
  PATH=$scratch/bin:$PATH
}

test_the_default_is_the_one_that_cmake_looks_for() {
  unset EG_RDKAFKA_VERSION
  run library rdkafka_prefix
  expect_text "$(cat "$EG_ROOT/cmake/LibRdKafka.cmake")" "set(_flavour \"$(basename "$out")\")"
}

test_a_system_with_a_new_enough_package_needs_no_other() {
  unset EG_RDKAFKA_VERSION
  system_has 2.8.0
  run library rdkafka_system_is_enough
  expect_code 0
  system_has 2.0.2
  run library rdkafka_system_is_enough
  expect_code 1
}

test_a_version_that_is_asked_for_is_built_whatever_the_system_has() {
  system_has 2.14.2
  EG_RDKAFKA_VERSION=2.14.2 run library rdkafka_system_is_enough
  expect_code 1
  EG_RDKAFKA_VERSION=2.14.2 run library rdkafka_prefix
  expect_same "$out" "$scratch/librdkafka-2.14.2"
  EG_RDKAFKA_VERSION=2.14.2 run library rdkafka_prefix tsan
  expect_same "$out" "$scratch/librdkafka-2.14.2-tsan"
}

test_a_version_without_a_known_checksum_is_refused() {
  EG_RDKAFKA_VERSION=2.9.0 run library rdkafka_prefix
  expect_code 1
  expect_text "$err" "EG_RDKAFKA_VERSION is 2.8.0 or 2.14.2, not '2.9.0'"
}

run_tests
