# SPDX-License-Identifier: Apache-2.0
# Sourced: the official FHIRPath suite, from the jar of FHIR's test cases, unpacked once into the cache; then no network is needed.
# Fails: with Maven's message, or when the jar has no suite.
# shellcheck shell=bash

. "$EG_ROOT/scripts/lib/maven.sh"

FHIR_TEST_CASES_VERSION=1.7.37
FHIR_TEST_CASES=$EG_CACHE/fhir-test-cases-$FHIR_TEST_CASES_VERSION

# Holds r4/fhirpath/tests-fhir-r4.xml, and r4b and r5 alike.
fhirpath_suite_folder() { printf '%s/suite' "$FHIR_TEST_CASES"; }

fhirpath_suite_fetch() {
  local folder
  folder=$(fhirpath_suite_folder)
  [ -d "$folder" ] && return 0
  maven_jars "$FHIR_TEST_CASES/libs" "org.hl7.fhir.testcases:fhir-test-cases:$FHIR_TEST_CASES_VERSION"
  rm -rf "$folder.new"
  python3 - "$FHIR_TEST_CASES/libs/fhir-test-cases-$FHIR_TEST_CASES_VERSION.jar" "$folder.new" <<'PY'
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
