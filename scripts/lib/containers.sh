# SPDX-License-Identifier: Apache-2.0
# Sourced: a Docker engine for tests: the machine's own where one runs, else one that is started here with a folder of its own; base images from
# a registry, or made by debootstrap where none can be reached; and docker-compose.yml brought up until its demo has ended.
# Fails: with the end of the engine's or the build's log.
# shellcheck shell=bash

CONTAINERS_BASE=debian:trixie-slim
CONTAINERS_SUITE=trixie
CONTAINERS_PROJECT=embergate-test
CONTAINERS_DIR=$EG_ROOT/build/containers
CONTAINERS_ENGINE=$CONTAINERS_DIR/engine

containers_engine_runs() { command -v docker >/dev/null && timeout 20 docker info >/dev/null 2>&1; }

containers_install() {
  { command -v dockerd || containers_engine_runs; } >/dev/null && command -v docker-compose >/dev/null && command -v debootstrap >/dev/null && return 0
  local packages=(docker.io docker-compose iptables debootstrap)
  [ -z "$(apt-cache search --names-only '^docker-cli$')" ] || packages+=(docker-cli)
  run_as_root apt-get -qq -o Acquire::Retries=3 update
  run_as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${packages[@]}"
}

# Uses the engine that answers, or starts one; its address is in DOCKER_HOST then.
containers_start_engine() {
  containers_engine_runs && return 0
  [ "$(id -u)" -eq 0 ] || die "no Docker engine answers and starting one needs root: start it, or run this as root"
  mkdir -p "$CONTAINERS_ENGINE"
  (
    close_inherited
    exec setsid dockerd --data-root "$CONTAINERS_ENGINE/data" --exec-root "$CONTAINERS_ENGINE/run" --pidfile "$CONTAINERS_ENGINE/pid" \
      --host "unix://$CONTAINERS_ENGINE/socket" >"$CONTAINERS_ENGINE/dockerd.log" 2>&1 </dev/null
  ) &
  export DOCKER_HOST=unix://$CONTAINERS_ENGINE/socket
  containers_use_own_client
  wait_for 60 docker info || die "the Docker engine did not start: $(tail -n 5 "$CONTAINERS_ENGINE/dockerd.log")"
}

# The client of the package goes with its engine; another one that stands first on the path may be too new for it.
containers_use_own_client() {
  mkdir -p "$CONTAINERS_DIR/bin"
  [ ! -x /usr/bin/docker ] || ln -sf /usr/bin/docker "$CONTAINERS_DIR/bin/docker"
  export PATH=$CONTAINERS_DIR/bin:$PATH
}

# Only an engine that was started here, with all that it holds; EG_CONTAINERS_KEEP=1 leaves it running.
containers_stop_engine() {
  [ -f "$CONTAINERS_ENGINE/pid" ] && [ "${EG_CONTAINERS_KEEP:-0}" != 1 ] || return 0
  stop_process "$(cat "$CONTAINERS_ENGINE/pid")" 30
  # The engine leaves the name of a network behind, which is a mount.
  awk -v folder="$CONTAINERS_ENGINE/" 'index($2, folder) == 1 { print $2 }' /proc/self/mounts | sort -r | xargs -r umount --lazy
  rm -rf "$CONTAINERS_ENGINE" || note "not all of $CONTAINERS_ENGINE could be removed"
}

containers_base() {
  docker image inspect "$CONTAINERS_BASE" >/dev/null 2>&1 && return 0
  timeout 300 docker pull "$CONTAINERS_BASE" && return 0
  containers_bootstrap
}

# A bare Debian with what makes this machine's network work: its apt source and its trust anchors.
containers_bootstrap() {
  local root=$EG_CACHE/containers/$CONTAINERS_SUITE.tar uri work
  if [ ! -f "$root" ]; then
    uri=$(apt_main_uri)
    [ -n "$uri" ] || die "no registry answers, and apt of this machine has no source 'main' from which a base image could be made"
    work=$(mktemp -d)
    mkdir -p "$EG_CACHE/containers"
    run_as_root debootstrap --variant=minbase "$CONTAINERS_SUITE" "$work" "$uri"
    [ ! -d /usr/local/share/ca-certificates ] || run_as_root cp -r /usr/local/share/ca-certificates "$work/usr/local/share/"
    run_as_root bash -c 'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*' clean "$work"
    run_as_root tar -C "$work" -cf "$root.new" .
    mv "$root.new" "$root"
    run_as_root rm -rf "$work"
  fi
  docker import "$root" "$CONTAINERS_BASE"
}

containers_compose() {
  EG_COMPOSE_HTTP_PORT=$containers_http_port EG_COMPOSE_METRICS_PORT=$containers_metrics_port \
    docker-compose --project-directory "$EG_ROOT" -f "$EG_ROOT/docker-compose.yml" -p "$CONTAINERS_PROJECT" "$@"
}

containers_choose_ports() {
  local free
  mapfile -t free < <(free_ports 2)
  containers_http_port=${free[0]}
  containers_metrics_port=${free[1]}
}

containers_id() { containers_compose ps -aq "$1"; }

# Builds and starts all; afterwards the demo has ended and its output is in demo.log. Its exit code is the result.
containers_up() {
  local code
  containers_compose up --build -d
  code=$(timeout 300 docker wait "$(containers_id demo)")
  docker logs "$(containers_id demo)" >"$CONTAINERS_DIR/demo.log" 2>&1
  [ "$code" = 0 ] || {
    containers_compose logs --no-color --tail=40 gateway kafka
    cat "$CONTAINERS_DIR/demo.log"
    return 1
  }
  grep -qx 'demo: proved' "$CONTAINERS_DIR/demo.log"
}

# What the compose file promises of the gateway's container, asked of the engine and of the container itself.
containers_check_gateway() {
  local id
  id=$(containers_id gateway)
  [ "$(docker inspect -f '{{.State.Health.Status}}' "$id")" = healthy ] || die "the gateway's container is not healthy"
  [ "$(docker exec "$id" id -u)" = 65532 ] || die "the gateway does not run as user 65532"
  ! docker exec "$id" touch /usr/local/bin/x 2>/dev/null || die "the root file system can be written"
  ! docker exec "$id" touch /run/secrets/embergate/x 2>/dev/null || die "the gateway can write its secrets"
  docker exec "$id" /usr/local/bin/embergate vault check
  containers_check_logs "$id"
}

# No password of this run stands in the gateway's log.
containers_check_logs() {
  local name
  docker logs "$1" >"$CONTAINERS_DIR/gateway.log" 2>&1
  for name in root-secret events-jaas; do
    containers_compose run --rm --no-deps -T setup show "$name" | grep -o '[0-9a-f]\{32\}' >"$CONTAINERS_DIR/looked-for"
    [ -s "$CONTAINERS_DIR/looked-for" ] || die "secret $name could not be read for the comparison"
    ! grep -qF -f "$CONTAINERS_DIR/looked-for" "$CONTAINERS_DIR/gateway.log" || die "the value of $name stands in the gateway's log"
  done
  rm -f "$CONTAINERS_DIR/looked-for"
}

containers_down() { containers_compose down -v --remove-orphans; }

# After a failure, too: nothing of a run is left on an engine of the machine's own but its images.
containers_clean_up() {
  [ -n "${containers_http_port:-}" ] || return 0
  containers_down >/dev/null 2>&1 || true
  containers_stop_engine
}
