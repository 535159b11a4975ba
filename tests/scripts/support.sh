# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the scripts: expectations, and one line for each test function. Fails: the test says what was expected and what came.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"

fault() {
  printf 'expected: %s\n' "$1" >&2
  shift
  printf '%s\n' "$@" >&2
  return 1
}

# run command…: its exit code, standard output and standard error, in $code, $out and $err.
run() {
  code=0
  "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
  out=$(cat "$scratch/out")
  err=$(cat "$scratch/err")
}

expect_code() { [ "$code" = "$1" ] || fault "exit code $1" "came: $code" "$out" "$err"; }

# expect_text text part: the part stands in the text.
expect_text() { [[ $1 == *"$2"* ]] || fault "$2" "in: $1"; }

expect_no_text() { [[ $1 != *"$2"* ]] || fault "no '$2'" "in: $1"; }

expect_same() { [ "$1" = "$2" ] || fault "$2" "came: $1"; }

# run_tests: each function whose name begins with test_, in a folder of its own ($scratch).
run_tests() {
  local name bad=0
  for name in $(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p'); do
    scratch=$(mktemp -d)
    set +e
    (set -e; "$name")
    if [ $? -eq 0 ]; then note "ok      $name"; else note "FAILED  $name"; bad=1; fi
    set -e
    rm -rf "$scratch"
  done
  return "$bad"
}
