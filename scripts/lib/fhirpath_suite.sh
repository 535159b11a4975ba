# SPDX-License-Identifier: Apache-2.0
# Sourced: the official FHIRPath suite in two releases, from the jars of FHIR's test cases, unpacked once into the cache; then no network is needed.
# The newer release corrects tests of the older one (tests/conformance/known_faults.json); both are run.
# Fails: with Maven's message, or when a jar has no suite.
# shellcheck shell=bash

. "$EG_ROOT/scripts/lib/maven.sh"

FHIR_TEST_CASES_VERSIONS='1.7.37 1.7.69'

# Holds for each release 1.7.37/r4/fhirpath/tests-fhir-r4.xml, and r4b and r5 alike.
fhirpath_suite_folder() { printf '%s/fhirpath-suite' "$EG_CACHE"; }

fhirpath_suite_fetch() {
  local version
  for version in $FHIR_TEST_CASES_VERSIONS; do fhirpath_suite_unpack "$version"; done
}

fhirpath_suite_unpack() {
  local libs=$EG_CACHE/fhir-test-cases-$1/libs folder
  folder=$(fhirpath_suite_folder)/$1
  [ -d "$folder" ] && return 0
  maven_jars "$libs" "org.hl7.fhir.testcases:fhir-test-cases:$1"
  rm -rf "$folder.new"
  python3 - "$libs/fhir-test-cases-$1.jar" "$folder.new" <<'PY'
import os, sys, zipfile
jar, target = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
for edition in ("r4", "r4b", "r5"):
    name = f"{edition}/fhirpath/tests-fhir-{edition}.xml"
    os.makedirs(os.path.dirname(f"{target}/{name}"))
    with open(f"{target}/{name}", "wb") as file:
        file.write(jar.read("org/hl7/fhir/testcases/" + name))
PY
  mv "$folder.new" "$folder"
}
