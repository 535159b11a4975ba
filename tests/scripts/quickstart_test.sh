#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What scripts/quickstart says before it begins. It ends at its first step here, since there is no Maven to fetch with.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
. "$EG_ROOT/scripts/lib/kafka.sh"
. "$EG_ROOT/scripts/lib/synthea.sh"

# quickstart variable=value…: with an empty cache and a folder of its own.
quickstart() {
  mkdir -p "$scratch/bin"
  printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/mvn"
  chmod +x "$scratch/bin/mvn"
  env PATH="$scratch/bin:$PATH" XDG_CACHE_HOME="$scratch/cache" EG_QUICKSTART_DIR="$scratch/quickstart" EG_SKIP_DEPS=1 EG_BINARY=/bin/true "$@" \
    "$EG_ROOT/scripts/quickstart" --once
}

fetched() { mkdir -p "$scratch/cache/embergate/$1/libs" && touch "$scratch/cache/embergate/$1/libs/.complete"; }

test_quickstart_says_beforehand_how_long_it_takes_and_what_its_first_run_does_besides() {
  run quickstart
  expect_code 1
  expect_text "$(sed -n 1p <<<"$out")" "This takes about a minute"
  expect_text "$(sed -n 2p <<<"$out")" "This run does besides, once: fetching Kafka (55 MB), fetching Synthea (200 MB) and making the patients."
  expect_text "$(sed -n 3p <<<"$out")" "Kafka"
}

test_quickstart_announces_nothing_that_was_done_before() {
  fetched "kafka-$KAFKA_VERSION"
  fetched "synthea-$SYNTHEA_VERSION"
  run quickstart
  expect_text "$(sed -n 1p <<<"$out")" "This takes about a minute"
  expect_no_text "$out" besides
}

run_tests
