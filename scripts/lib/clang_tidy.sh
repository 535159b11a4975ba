# SPDX-License-Identifier: Apache-2.0
# Sourced: clang-tidy from the Python package of that name, kept in the cache. The one that Debian 12 and 13 have looks through all headers of
# the system for each source, which takes seven times as long.
# Fails: with the step's log; nothing half-installed is left at the final path.
# shellcheck shell=bash

CLANG_TIDY_VERSION=22.1.8

clang_tidy_home() { printf '%s/clang-tidy-%s' "$EG_CACHE" "$CLANG_TIDY_VERSION"; }

clang_tidy() { printf '%s/clang_tidy/data/bin/clang-tidy' "$(clang_tidy_home)"; }

clang_tidy_present() { [ -x "$(clang_tidy)" ]; }

# Debian's own Python: another one that stands first on the path may have no pip.
clang_tidy_fetch() {
  local fresh
  fresh=$(mktemp -d "$EG_CACHE/clang-tidy.XXXXXX")
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --only-binary :all: --no-deps \
    --target "$fresh" "clang-tidy==$CLANG_TIDY_VERSION"
  rm -rf "$(clang_tidy_home)"
  mv "$fresh" "$(clang_tidy_home)"
}
