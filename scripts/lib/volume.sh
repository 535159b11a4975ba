# SPDX-License-Identifier: Apache-2.0
# Sourced: a volume of secret files as Kubernetes lays it out: key -> ..data/key, ..data -> a dated folder, swapped by one rename.
# shellcheck shell=bash

# volume_write folder key=value…: all keys appear, or change, at once. Values are arguments of a shell function, never of a process.
volume_write() {
  local volume=$1 pair fresh old=
  shift
  mkdir -p "$volume"
  fresh=$(mktemp -d "$volume/..$(date -u +%Y_%m_%d_%H_%M_%S).XXXXXX")
  for pair in "$@"; do (umask 077 && printf '%s' "${pair#*=}" >"$fresh/${pair%%=*}"); done
  [ ! -L "$volume/..data" ] || old=$(readlink "$volume/..data")
  ln -s "$(basename "$fresh")" "$volume/..data_tmp"
  mv -T "$volume/..data_tmp" "$volume/..data"
  for pair in "$@"; do [ -L "$volume/${pair%%=*}" ] || ln -s "..data/${pair%%=*}" "$volume/${pair%%=*}"; done
  [ -z "$old" ] || rm -rf "${volume:?}/$old"
}
