# SPDX-License-Identifier: Apache-2.0
# Sourced: synthetic patients (Synthea 3.3.0) as FHIR transaction bundles, generated once into the cache; the same seed gives the same patients.
# Fails: with Synthea's own output; a half-made folder is made again.
# shellcheck shell=bash

. "$EG_ROOT/scripts/lib/maven.sh"

SYNTHEA_VERSION=3.3.0
SYNTHEA_LIBS=$EG_CACHE/synthea-$SYNTHEA_VERSION/libs

synthea_fetch() { maven_jars "$SYNTHEA_LIBS" "org.mitre.synthea:synthea:$SYNTHEA_VERSION"; }

synthea_folder() { printf '%s/synthea-%s/patients-%s' "$EG_CACHE" "$SYNTHEA_VERSION" "$1"; }

# synthea_generate count: the bundles lie in $(synthea_folder count)/fhir.
synthea_generate() {
  local folder
  folder=$(synthea_folder "$1")
  [ -d "$folder" ] && return 0
  rm -rf "$folder.new"
  mkdir -p "$folder.new"
  (
    cd "$folder.new" # Synthea writes into its working directory, too
    java -Xmx1g -cp "$SYNTHEA_LIBS/*" App -s 42 -cs 42 -r 20260101 -p "$1" --exporter.baseDirectory="$folder.new" \
      --exporter.years_of_history=1 --generate.log_patients.detail=none Massachusetts
  )
  mv "$folder.new" "$folder"
}
