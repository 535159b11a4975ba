# SPDX-License-Identifier: Apache-2.0
# Sourced by every script: paths, progress lines, locks, free ports.
# Fails: `die` prints one line that names the remedy and ends the script with code 1.
# shellcheck shell=bash

EG_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
EG_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/embergate
EG_JOBS=${EG_JOBS:-$(nproc)}
export EG_ROOT EG_CACHE EG_JOBS

note() { printf '%s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# help_when_asked argument…: with --help or -h in the first place, what stands at the head of the script, and its end.
help_when_asked() {
  case ${1:-} in -h | --help) ;; *) return 0 ;; esac
  sed -n '3,$ { /^#/!q; s/^# \{0,1\}//; p }' "$0"
  exit 0
}

need_value() { [ -n "${2:-}" ] || die "$1 needs a value"; }

duration() {
  local seconds=$1
  if [ "$seconds" -lt 60 ]; then printf '%d s' "$seconds"; else printf '%d min %02d s' $((seconds / 60)) $((seconds % 60)); fi
}

# step_progress text log: while a step runs on a terminal, how long it has run and the last line that it printed, every two seconds. Ends with
# the script at the latest: a background process of a script sees no Ctrl-C.
step_progress() {
  local start line columns
  start=$(date +%s)
  columns=$(tput cols 2>/dev/null || printf 80)
  while sleep 2 && kill -0 $$ 2>/dev/null; do
    line="  $1 ... $(duration $(($(date +%s) - start)))  $(tail -n 1 "$2" 2>/dev/null | tr -cd '[:print:]')"
    printf '\r\033[K%s' "${line:0:columns - 1}"
  done
}

# step "text" command…: says what runs, how long it took, and shows the end of the log when it fails.
# The command runs in a subshell and stops at its first error. Call it (and what calls it) without `||`, `&&` or `if`: in such a place
# bash ignores `set -e` all the way down.
step() {
  local text=$1 start rc=0 log errexit=+e progress=
  shift
  case $- in *e*) errexit=-e ;; esac
  mkdir -p "$EG_CACHE/log"
  log=$(mktemp "$EG_CACHE/log/step.XXXXXX")
  start=$(date +%s)
  printf '  %-58s ' "$text ..."
  if [ -t 1 ]; then
    step_progress "$text" "$log" &
    progress=$!
  fi
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  rc=$?
  if [ -n "$progress" ]; then
    kill "$progress" 2>/dev/null
    wait "$progress" 2>/dev/null
    printf '\r\033[K  %-58s ' "$text ..."
  fi
  set "$errexit"
  if [ "$rc" -eq 0 ]; then
    printf 'ok      %s\n' "$(duration $(($(date +%s) - start)))"
    rm -f "$log"
    return 0
  fi
  printf 'FAILED  %s\n' "$(duration $(($(date +%s) - start)))"
  printf -- '--- last lines of: %s (whole log: %s)\n' "$text" "$log" >&2
  tail -n 40 "$log" >&2
  return "$rc"
}

# run_as_root command…: directly, or through sudo where there is one.
run_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root once (packages): run scripts/install-deps as root"
  fi
}

# with_lock name command…: one at a time on this machine, waits at most 30 minutes.
with_lock() {
  local lock=$EG_CACHE/lock.$1
  shift
  mkdir -p "$EG_CACHE"
  (
    flock -w 1800 9 || die "another run holds $lock"
    "$@" 9>&-
  ) 9>"$lock"
}

# free_ports n: n different TCP ports of loopback that nobody listens on, one per line. They lie below the range from which the
# kernel takes client ports, so that a server which stops and starts again finds its port free.
free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
low = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
candidates = list(range(10000, low)) if low > 12000 else list(range(61000, 65000))
random.SystemRandom().shuffle(candidates)
held = []
for port in candidates:
    if len(held) == int(sys.argv[1]):
        break
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
        held.append(s)
    except OSError:
        s.close()
print("\n".join(str(s.getsockname()[1]) for s in held))
PY
}

# wait_for seconds command…: repeats the command every 0.1 s until it succeeds or the time is over.
wait_for() {
  local deadline=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

port_open() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# close_inherited: in the subshell of a daemon to be: all descriptors but the first three, so that it holds no lock or pipe of its starter.
close_inherited() {
  local entry
  for entry in "/proc/$BASHPID/fd/"*; do
    [ "${entry##*/}" -le 2 ] || eval "exec ${entry##*/}>&-"
  done
}

process_alive() { [ -n "${1:-}" ] && kill -0 "$1" 2>/dev/null; }

# stop_process pid seconds: TERM, then KILL when it is still there after that time.
stop_process() {
  process_alive "$1" || return 0
  kill -TERM "$1" 2>/dev/null || return 0
  wait_for "$2" process_gone "$1" && return 0
  kill -KILL "$1" 2>/dev/null || true
  wait_for 5 process_gone "$1"
}

# A zombie counts as gone: its parent may be a shell that does not wait for it.
process_gone() {
  process_alive "$1" || return 0
  [ "$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)" = Z ]
}
