# SPDX-License-Identifier: Apache-2.0
# Sourced: jars by coordinate through Maven into the cache; a second run finds them there and needs no network.
# Fails: with Maven's own message; a folder without its mark `.complete` is fetched again.
# shellcheck shell=bash

# maven_jars folder group:artifact:version…: the jars and all they need at run time.
maven_jars() {
  local folder=$1 work coordinate
  shift
  [ -f "$folder/.complete" ] && [ "$(cat "$folder/.complete")" = "$*" ] && return 0
  work=$(mktemp -d)
  {
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>cache</groupId><artifactId>jars</artifactId><version>1</version><dependencies>'
    for coordinate in "$@"; do
      IFS=: read -r group artifact version <<<"$coordinate"
      printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' "$group" "$artifact" "$version"
    done
    printf '</dependencies></project>\n'
  } >"$work/pom.xml"
  rm -rf "$folder"
  mkdir -p "$folder"
  mvn -q -B -f "$work/pom.xml" -Dmaven.repo.local="$EG_CACHE/maven" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$folder"
  printf '%s\n' "$*" >"$folder/.complete"
  rm -rf "$work"
}
