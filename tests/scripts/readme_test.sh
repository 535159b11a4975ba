#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The README's walk-through, "Five minutes to a rotated password", as a reader runs it: its shell blocks, one after the other in one shell and a
# clean folder, with a broker of their own. Each must succeed and print what the README promises, and the gateway must log no warning.
# Two things differ from the README: scripts/build puts the program EG_BINARY in place instead of building one, and 8080 is a free port.
# Fails: the block, what was expected, and what it printed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

SECTION='## Five minutes to a rotated password'

# take_blocks folder: the section's shell blocks as 1.sh, 2.sh, …
take_blocks() {
  awk -v section="$SECTION" -v folder="$1" '
    /^## / { inside = $0 == section }
    !inside { next }
    /^```/ { open = !open; if (open) file = folder "/" ++count ".sh"; next }
    open { print >file }' "$EG_ROOT/README.md"
}

# What a fresh checkout holds as far as the blocks need it.
make_checkout() {
  mkdir -p "$checkout/tests/support" "$checkout/build/release"
  cp -r "$EG_ROOT/scripts" "$checkout/scripts"
  cp -r "$EG_ROOT/tests/support/kafka" "$checkout/tests/support/kafka"
  cat >"$checkout/scripts/build" <<BUILD
#!/bin/sh
ln -s '$EG_BINARY' '$checkout/build/release/embergate' && echo 'program: build/release/embergate'
BUILD
}

# The ring's own broker, provider and settings are not the reader's; the release of Kafka is the ring's.
clean_environment() {
  local free version=${EG_KAFKA_VERSION:-}
  unset "${!EG_KAFKA_@}" "${!EG_OIDC_@}" "${!BOX_@}"
  export EG_KAFKA_READY_SECONDS=300
  [ -z "$version" ] || export EG_KAFKA_VERSION=$version
  mapfile -t free < <(free_ports 2)
  web_port=${free[0]}
  export BOX_METRICS_PORT=${free[1]}
}

show_failed_block() {
  printf 'FAILED  block %s of the README:\n' "$block" >&2
  sed 's/^/  | /' "$blocks/$block.sh" >&2
  printf 'it printed:\n%s\n' "$(cat "$scratch/$block.out")" >&2
  [ ! -s "$checkout/build/demo/gateway.log" ] || { echo 'the gateway logged at last:' && tail -n 5 "$checkout/build/demo/gateway.log"; } >&2
}

clean_up() {
  local rc=$?
  trap - EXIT INT TERM
  [ "$rc" -eq 0 ] || [ -z "$block" ] || show_failed_block
  stop_process "$(jobs -p %1 2>/dev/null)" 30 || true
  if [ -d "$checkout/build/demo/kafka" ]; then bash "$checkout/scripts/kafka" stop --dir "$checkout/build/demo/kafka" || true; fi
  cd /
  rm -rf "$scratch"
  exit "$rc"
}

# in_order text part…: the parts stand in the text, one after the other.
in_order() {
  local rest=$1 part
  for part in "${@:2}"; do
    expect_text "$rest" "$part"
    rest=${rest#*"$part"}
  done
}

promise_1() { in_order "$1" "program: build/release/embergate" "starting Kafka" "Kafka listens: SASL_SSL 127.0.0.1:" "topic patients is there"; }

promise_2() { for name in events-jaas feed-secret kafka-ca; do expect_text "$1" "$name"; done; }

promise_3() { in_order "$1" "waiting up to 60 s until the gateway at 127.0.0.1:$web_port" '"status":"pass"'; }

# As the gateway's answers keep the blanks of what was sent.
without_blanks() { tr -d ' \n' <<<"$1"; }

promise_4() { in_order "$(without_blanks "$1")" '"resourceType":"AidboxSubscriptionTopic"' '"resourceType":"AidboxTopicDestination"'; }

promise_5() { in_order "$(without_blanks "$1")" '"resourceType":"Client"' '"resourceType":"AccessPolicy"'; }

# login_secret out: the line of $status about the login's secret.
login_secret() { grep '"valueString":"events-jaas"' <<<"$1"; }

# A guide that draws warnings teaches to pass over them.
expect_no_warning() { expect_no_text "$(grep -E '"lvl":"(warn|error)"' gateway.log || true)" '"lvl"'; }

promise_6() {
  expect_no_warning
  expect_text "$1" '{"name":"messagesDelivered","valueDecimal":1}'
  in_order "$(login_secret "$1")" '"name":"generation","valueInteger":1'
  in_order "$(login_secret "$1")" '"name":"state","valueString":"ok"'
}

promise_7() { in_order "$(login_secret "$1")" '"name":"generation","valueInteger":2'; }

promise_8() {
  in_order "$(without_blanks "$1")" $'\tp1\t' '"active":true' $'\tp1\t' '"active":false'
  expect_text "$1" "read 2 records of topic patients"
}

promise_9() {
  wait_for 60 process_gone "$gateway" || fault "the gateway (pid $gateway) ends" "it runs"
  expect_no_warning
  wait_for 60 process_gone "$broker" || fault "the broker (pid $broker) ends" "it runs"
}

# run_block: in this very shell, since later blocks need what earlier ones define and start.
run_block() {
  local begun out
  begun=$(date +%s)
  gateway=$(jobs -p %1 2>/dev/null || true)
  broker=$(cat "$checkout/build/demo/kafka/broker.pid" 2>/dev/null || true)
  eval "$(sed "s/8080/$web_port/g" "$blocks/$block.sh")" >"$scratch/$block.out" 2>&1 </dev/null
  out=$(cat "$scratch/$block.out")
  "promise_$block" "$out"
  expect_no_text "$out" OperationOutcome
  note "ok      block $block, $(duration $(($(date +%s) - begun)))"
}

main() {
  [ -n "${EG_BINARY:-}" ] || die "EG_BINARY names no program"
  EG_BINARY=$(realpath "$EG_BINARY")
  scratch=$(mktemp -d) blocks=$scratch/blocks checkout=$scratch/checkout block=
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  mkdir "$blocks"
  take_blocks "$blocks"
  expect_same "$(ls "$blocks" | wc -l) blocks" "$(declare -F | grep -c ' promise_[0-9]*$') blocks"
  make_checkout
  clean_environment
  cd "$checkout"
}

main
set -m # as a reader's shell: `kill %1` names a job
for block in $(ls "$blocks" | sort -n | sed 's/\.sh$//'); do run_block; done
