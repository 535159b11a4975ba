#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a step of the scripts shows, on a terminal and off it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# on_a_terminal command: its screen, as it goes, is in $scratch/screen.
on_a_terminal() { XDG_CACHE_HOME=$scratch python3 -c "$PTY" "$1" >"$scratch/screen" </dev/null; }

# Not every Debian has script(1).
PTY='import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(["bash", "-c", sys.argv[1]])))'

# screen_shows part: of what a terminal has been sent so far.
screen_shows() { grep -qF "$1" "$scratch/screen"; }

export -f screen_shows wait_for
export scratch

# Ends when the screen shows what it said itself.
says_until_seen() { echo '[3/7] Building' && wait_for 30 screen_shows '[3/7] Building'; }

export -f says_until_seen

test_a_step_on_a_terminal_shows_how_long_it_has_run_and_what_it_does() {
  run on_a_terminal "bash -c '. $EG_ROOT/scripts/lib/common.sh && step build says_until_seen'"
  expect_code 0
  screen_shows 'build ... ' || fault "the step's name" "$(cat "$scratch/screen")"
  screen_shows 'ok      ' || fault "how it ended" "$(cat "$scratch/screen")"
}

test_a_step_that_fails_on_a_terminal_says_so_and_shows_the_end_of_its_log() {
  fails() { says_until_seen && return 3; }
  export -f fails
  run on_a_terminal "bash -c '. $EG_ROOT/scripts/lib/common.sh && step build fails'"
  expect_code 3
  screen_shows 'FAILED  ' || fault FAILED "$(cat "$scratch/screen")"
  screen_shows 'last lines of: build' || fault "the log" "$(cat "$scratch/screen")"
}

test_each_script_says_what_it_is_for_when_it_is_asked_for_help() {
  local script
  for script in bench build generate-model generate-units install-deps kafka lint quickstart test; do
    run "$EG_ROOT/scripts/$script" --help
    expect_code 0
    expect_text "$out" "$script "
    expect_no_text "$out" 'set -euo'
  done
  run "$EG_ROOT/scripts/test" -h
  expect_text "$out" '  robustness '
  expect_text "$out" '  containers '
}

test_a_step_off_a_terminal_is_one_line() {
  EG_CACHE=$scratch run step build echo '[3/7] Building'
  expect_code 0
  expect_text "$out" '  build ...'
  expect_text "$out" 'ok      0 s'
  expect_no_text "$out" Building
  expect_same "$(wc -l <<<"$out")" 1
}

run_tests
