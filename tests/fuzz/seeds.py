#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py FOLDER: writes what the fuzzers start from: FOLDER/expression and FOLDER/evaluation, one input a file.

Expressions of the criteria in tests/data and, where EG_FHIRPATH_SUITE names its folder, of the official suite; for the evaluation each with
a small resource of its kind behind a line `%%`. Fails: when tests/data is not there, or the folder holds no release.
"""
import gzip
import hashlib
import json
import os
import pathlib
import sys
import xml.etree.ElementTree

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
LARGEST = 3000  # bytes of a resource: mutations of more find nothing new


def small_resources():
    """The smallest resource of each type, as compact JSON."""
    smallest = {}
    with gzip.open(DATA / "events/events.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            change = json.loads(line)
            resource = change["current"] or change["previous"]
            text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
            kind = resource["resourceType"]
            if len(text.encode()) <= LARGEST and len(text) < len(smallest.get(kind, text + " ")):
                smallest[kind] = text
    return smallest


def suite_tests():
    """(expression, type) of each test of every release of the suite, if it is there."""
    folder = os.environ.get("EG_FHIRPATH_SUITE")
    if not folder:
        return
    files = [file for edition in ("r4", "r5") for file in sorted(pathlib.Path(folder).glob(f"*/{edition}/fhirpath/tests-fhir-{edition}.xml"))]
    if not files:
        sys.exit(f"seeds.py: {folder} (EG_FHIRPATH_SUITE) has no release of the suite")
    for file in files:
        for test in xml.etree.ElementTree.parse(file).getroot().iter("test"):
            yield test.find("expression").text or "", test.get("inputfile", "").split("-")[0].capitalize()


def criteria():
    for trigger in json.loads((DATA / "fhirpath/triggers.json").read_text(encoding="utf-8")):
        yield trigger["criteria"], trigger["resource"]


def write(folder, text):
    data = text.encode()
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def main():
    top = pathlib.Path(sys.argv[1])
    resources = small_resources()
    for name in ("expression", "evaluation"):
        (top / name).mkdir(parents=True, exist_ok=True)
    for text, kind in [*criteria(), *suite_tests()]:
        write(top / "expression", text)
        write(top / "evaluation", text)
        if kind in resources:
            write(top / "evaluation", f"{text}\n%%\n{resources[kind]}")


main()
