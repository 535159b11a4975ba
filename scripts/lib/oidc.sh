# SPDX-License-Identifier: Apache-2.0
# Sourced: a real, certified OpenID provider (npm oidc-provider) on loopback for tests of OAUTHBEARER; tests/support/oidc holds its program.
# All of one lives in a folder: provider.log, provider.pid, oidc.env. Start it before the broker: a broker that is created while
# EG_OIDC_ISSUER is set gets a listener that takes its tokens.
# Fails: a start that is not ready in time stops the process and shows the end of its log.
# shellcheck shell=bash

. "$EG_ROOT/scripts/lib/node.sh"

OIDC_SOURCE=$EG_ROOT/tests/support/oidc
OIDC_READY_SECONDS=${EG_OIDC_READY_SECONDS:-60}

oidc_modules() { printf '%s/oidc-provider-%s' "$EG_CACHE" "$(sha256sum "$OIDC_SOURCE/package-lock.json" | cut -c1-12)"; }

# Everything that a provider needs before its first start; quick when it is there.
oidc_prepare() { node_modules_fetch "$OIDC_SOURCE" "$(oidc_modules)"; }

# The addresses for tests and people: shell lines, to be sourced with `set -a`.
oidc_write_env() {
  local dir=$1 issuer=http://127.0.0.1:$2
  {
    printf 'EG_OIDC_ISSUER=%s\nEG_OIDC_TOKEN_URL=%s/token\nEG_OIDC_JWKS_URL=%s/jwks\nEG_OIDC_CONTROL_URL=%s/control\n' "$issuer" "$issuer" "$issuer" "$issuer"
    printf 'EG_OIDC_CLIENT=gw\nEG_OIDC_SECRET=s1\n'
  } >"$dir/oidc.env"
}

oidc_ready() { process_alive "$(cat "$1/provider.pid")" && grep -q '^ready ' "$1/provider.log"; }

# oidc_start dir: client gw with secret s1, tokens that live 20 seconds. The program runs beside its modules, since that is where Node looks.
oidc_start() {
  local dir=$1 port
  oidc_prepare
  mkdir -p "$dir"
  port=${EG_OIDC_PORT:-$(free_ports 1)}
  cp "$OIDC_SOURCE/provider.mjs" "$(oidc_modules)/provider.mjs"
  oidc_write_env "$dir" "$port"
  setsid "$(node_program "$(oidc_modules)")" "$(oidc_modules)/provider.mjs" "$port" gw s1 20 >"$dir/provider.log" 2>&1 </dev/null 9>&- &
  printf '%s\n' "$!" >"$dir/provider.pid"
  wait_for "$OIDC_READY_SECONDS" oidc_ready "$dir" && return 0
  printf 'the OpenID provider was not ready within %s s; its log (%s) ends with:\n' "$OIDC_READY_SECONDS" "$dir/provider.log" >&2
  tail -n 30 "$dir/provider.log" >&2
  oidc_stop "$dir"
  return 1
}

oidc_stop() {
  [ -f "$1/provider.pid" ] || return 0
  stop_process "$(cat "$1/provider.pid")" 10
  rm -f "$1/provider.pid"
}
