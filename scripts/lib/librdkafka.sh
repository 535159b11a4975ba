# SPDX-License-Identifier: Apache-2.0
# Sourced: librdkafka for systems whose own package is older than 2.8.0 (Debian 12: 2.0.2 cannot do SCRAM with Kafka 4), or in the version that
# EG_RDKAFKA_VERSION chooses, whatever the system has; cmake/LibRdKafka.cmake reads it, too.
# Debian's source package of a later release, fetched and signature-checked by apt with a private list (the machine's sources stay as
# they are), built static into the cache. Fails: with the step's log; nothing half-built is left at the final path.
# shellcheck shell=bash

RDKAFKA_DEFAULT_VERSION=2.8.0

# rdkafka_use_version version: from which release of Debian it comes, and its checksum there.
rdkafka_use_version() {
  RDKAFKA_VERSION=$1
  case $1 in
    2.8.0) RDKAFKA_SUITE=trixie RDKAFKA_SHA256=5bd1c46f63265f31c6bfcedcde78703f77d28238eadf23821c2b43fc30be3e25 ;;
    2.14.2) RDKAFKA_SUITE=forky RDKAFKA_SHA256=4d53568c13717b167d12c7b2a0fe12aeb5d6bfe02de53df5b68f86d870a81b33 ;;
    *) die "EG_RDKAFKA_VERSION is 2.8.0 or 2.14.2, not '$1'; another version needs a line in scripts/lib/librdkafka.sh" ;;
  esac
  RDKAFKA_TARBALL=$EG_CACHE/downloads/librdkafka_$RDKAFKA_VERSION.orig.tar.gz
}

rdkafka_use_version "${EG_RDKAFKA_VERSION:-$RDKAFKA_DEFAULT_VERSION}"

rdkafka_prefix() { printf '%s/librdkafka-%s%s' "$EG_CACHE" "$RDKAFKA_VERSION" "${1:+-$1}"; }

rdkafka_present() {
  local prefix
  prefix=$(rdkafka_prefix "${1:-}")
  [ -f "$prefix/include/librdkafka/rdkafka.h" ] && [ -f "$prefix/lib/librdkafka.a" ]
}

# Is the system's package new enough (Debian 13 and later), and no other version wanted?
rdkafka_system_is_enough() {
  [ -z "${EG_RDKAFKA_VERSION:-}" ] && command -v pkg-config >/dev/null && pkg-config --atleast-version="$RDKAFKA_VERSION" rdkafka 2>/dev/null
}

# The address of Debian's main archive as this machine's apt knows it, whatever form its sources have.
apt_main_uri() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }'
}

rdkafka_tarball_good() {
  [ -f "$RDKAFKA_TARBALL" ] && printf '%s  %s\n' "$RDKAFKA_SHA256" "$RDKAFKA_TARBALL" | sha256sum --check --status
}

rdkafka_fetch() {
  rdkafka_tarball_good && return 0
  local uri tmp
  uri=$(apt_main_uri)
  [ -n "$uri" ] || die "apt of this machine has no source 'main' of its own release; check the files in /etc/apt/sources.list.d"
  tmp=$(mktemp -d)
  mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial" "$EG_CACHE/downloads"
  printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$uri" "$RDKAFKA_SUITE" >"$tmp/src.list"
  local private=(-o "Dir::Etc::sourcelist=$tmp/src.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$tmp/lists"
    -o "Dir::Cache=$tmp/cache" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=3)
  (
    cd "$tmp"
    apt-get "${private[@]}" update
    apt-get "${private[@]}" source --download-only "librdkafka=$RDKAFKA_VERSION-*" ||
      apt-get "${private[@]}" source --download-only librdkafka
    [ -f "librdkafka_$RDKAFKA_VERSION.orig.tar.gz" ] || die "Debian's $RDKAFKA_SUITE no longer has librdkafka $RDKAFKA_VERSION: put its tarball at $RDKAFKA_TARBALL"
    mv "librdkafka_$RDKAFKA_VERSION.orig.tar.gz" "$RDKAFKA_TARBALL"
  )
  rm -rf "$tmp"
  rdkafka_tarball_good || die "the checksum of $RDKAFKA_TARBALL is not the expected one: remove it and try again"
}

# rdkafka_unpack dir
rdkafka_unpack() { mkdir -p "$1" && tar -C "$1" --strip-components=1 -xzf "$RDKAFKA_TARBALL"; }

rdkafka_build_static() {
  local work stage
  work=$(mktemp -d)
  stage=$(rdkafka_prefix).new
  rm -rf "$stage"
  rdkafka_unpack "$work/src"
  # SASL stays on: off, it would also remove SCRAM and OAUTHBEARER.
  cmake -S "$work/src" -B "$work/b" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$stage" -DCMAKE_INSTALL_LIBDIR=lib \
    -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_EXAMPLES=ON -DRDKAFKA_BUILD_TESTS=OFF -DWITH_SASL=ON -DWITH_SSL=ON -DWITH_ZSTD=ON \
    -DWITH_CURL=ON -DENABLE_LZ4_EXT=ON -DCMAKE_C_COMPILER_LAUNCHER="$(command -v ccache || true)"
  cmake --build "$work/b" --parallel "$EG_JOBS" --target rdkafka rdkafka++ rdkafka_performance
  cmake --install "$work/b"
  install -D "$work/b/examples/rdkafka_performance" "$stage/bin/rdkafka_performance"
  rdkafka_relocate "$stage" "$(rdkafka_prefix)"
  rm -rf "$work"
}

# GCC 12's ThreadSanitizer cannot follow C11 threads (a bare thrd_create crashes), and only ./configure can turn them off.
rdkafka_build_tsan() {
  local work stage
  work=$(mktemp -d)
  stage=$(rdkafka_prefix tsan).new
  rm -rf "$stage"
  rdkafka_unpack "$work/src"
  (
    cd "$work/src"
    ./configure --prefix="$stage" --enable-static --disable-c11threads --disable-curl --CFLAGS=-fsanitize=thread
    make -j"$EG_JOBS" -C src librdkafka.a
  )
  install -D -m 644 -t "$stage/include/librdkafka" "$work/src/src/rdkafka.h" "$work/src/src/rdkafka_mock.h"
  install -D -m 644 -t "$stage/lib" "$work/src/src/librdkafka.a"
  rm -rf "$(rdkafka_prefix tsan)"
  mv "$stage" "$(rdkafka_prefix tsan)"
  rm -rf "$work"
}

# Files that name the staging folder get the final one; only the last move makes the result visible.
rdkafka_relocate() {
  grep -rlI --include='*.pc' --include='*.cmake' -e "$1" "$1/lib" | xargs -r sed -i "s#$1#$2#g"
  rm -rf "$2"
  mv "$1" "$2"
}
