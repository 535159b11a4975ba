#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The quickstart's witness: writes over REST, notes what the answers promise, and compares that with what Kafka's own consumer read.

load   POSTs transaction bundles and notes an expected event for each created resource that the topic selects.
write  PUTs patients at a rate until a stop file appears; notes each answered version.
check  compares notes and records: every version exactly once, key = id, one partition per key, versions and event numbers in order.
Only the standard library. Fails: code 1 and a line for each kind of difference; a refused write is a difference.
"""
import argparse
import base64
import collections
import http.client
import json
import os
import sys
import time
import urllib.parse

RECORD_END = "\x1e"


class Rest:
    """One kept-open connection to the gateway with Basic credentials."""

    def __init__(self, base, user, secret_file):
        self.address = urllib.parse.urlsplit(base)
        with open(secret_file, encoding="utf-8") as file:
            pair = f"{user}:{file.read()}".encode()
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair).decode(), "Content-Type": "application/fhir+json"}
        self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=120)

    def send(self, method, path, body):
        self.connection.request(method, self.address.path + path, body, self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def selected(resource):
    """The topic's triggers, said a second time in another language."""
    kind = resource["resourceType"]
    if kind == "Patient":
        return True
    if kind == "Encounter":
        return resource.get("status") == "finished"
    return kind == "Observation" and resource.get("status") == "final"


def note(file, kind, identity, version):
    file.write(json.dumps({"type": kind, "id": identity, "version": version}) + "\n")


def version_in(location):
    """.../Type/id/_history/version"""
    parts = location.rstrip("/").split("/")
    return parts[-4], parts[-3], parts[-1]


def load(options):
    rest = Rest(options.base, options.user, options.secret_file)
    resources = events = 0
    started = time.monotonic()
    with open(options.notes, "a", encoding="utf-8") as notes:
        for path in options.bundles:
            with open(path, "rb") as file:
                body = file.read()
            status, answer = rest.send("POST", "/fhir", body)
            if status != 200:
                sys.exit(f"{os.path.basename(path)}: HTTP {status}: {answer[:2000].decode(errors='replace')}")
            requested = json.loads(body)["entry"]
            answered = json.loads(answer)["entry"]
            if len(requested) != len(answered):
                sys.exit(f"{os.path.basename(path)}: {len(requested)} entries sent, {len(answered)} answered")
            for asked, given in zip(requested, answered):
                resources += 1
                if given["response"]["status"].startswith("201") and selected(asked["resource"]):
                    note(notes, *version_in(given["response"]["location"]))
                    events += 1
    print(f"Synthea bundles loaded|{len(options.bundles)} ({resources} resources in {time.monotonic() - started:.1f} s)")
    return events > 0


def write(options):
    rest = Rest(options.base, options.user, options.secret_file)
    begun = time.monotonic()
    written = 0
    with open(options.notes, "a", encoding="utf-8") as notes:
        while not os.path.exists(options.stop_file) and time.monotonic() - begun < options.seconds:
            identity = f"rotation-{written % 20 + 1:02}"
            body = {"resourceType": "Patient", "id": identity, "active": True,
                    "identifier": [{"system": "urn:example:write", "value": str(written)}]}
            status, answer = rest.send("PUT", f"/fhir/Patient/{identity}", json.dumps(body))
            if status not in (200, 201):
                sys.exit(f"write {written} was refused: HTTP {status}: {answer[:500].decode(errors='replace')}")
            note(notes, "Patient", identity, json.loads(answer)["meta"]["versionId"])
            written += 1
            if written == options.ready_after:
                with open(options.ready_file, "w", encoding="utf-8"):
                    pass
            time.sleep(max(0.0, begun + written / options.rate - time.monotonic()))
    print(f"writes during the rotation|{written} ({written / (time.monotonic() - begun):.0f}/s), none refused")
    return written > 0


def read_records(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for line in text.split(RECORD_END):
        if line.strip():
            yield line.lstrip("\n").split("\t", 3)


def described(record):
    """partition, offset, key, event number, (type, id, version) of a record."""
    partition, offset, key, value = record
    bundle = json.loads(value)
    event = bundle["entry"][0]["resource"]["notificationEvent"][0]
    resource = bundle["entry"][1]["resource"]
    identity = (resource["resourceType"], resource["id"], resource["meta"]["versionId"])
    return int(partition.split(":")[1]), int(offset.split(":")[1]), key, int(event["eventNumber"]), identity


def differences(expected, records):
    """Yields a sentence for each kind of difference."""
    seen = collections.Counter(record[4] for record in records)
    lost = expected - set(seen)
    if lost:
        yield f"{len(lost)} versions are not on Kafka, for example {sorted(lost)[:3]}"
    strange = set(seen) - expected
    if strange:
        yield f"{len(strange)} records nobody expected, for example {sorted(strange)[:3]}"
    twice = [identity for identity, count in seen.items() if count > 1]
    if twice:
        yield f"{len(twice)} versions came more than once, for example {twice[:3]}"
    wrong_key = [record for record in records if record[2] != record[4][1]]
    if wrong_key:
        yield f"{len(wrong_key)} records have another key than the resource's id, for example {wrong_key[:3]}"
    by_key = collections.defaultdict(list)
    for record in records:
        by_key[record[4][:2]].append(record)
    if any(len({record[0] for record in group}) > 1 for group in by_key.values()):
        yield "a resource's records lie on more than one partition"
    for group in by_key.values():
        group.sort(key=lambda record: record[1])
        if [int(record[4][2]) for record in group] != sorted(int(record[4][2]) for record in group):
            yield f"the versions of {group[0][4][:2]} are out of order"
        if [record[3] for record in group] != sorted(record[3] for record in group):
            yield f"the event numbers of {group[0][4][:2]} are out of order"
    if sorted({record[3] for record in records}) != list(range(1, len(expected) + 1)):
        yield f"the event numbers are not 1 to {len(expected)} without a gap"


def check(options):
    with open(options.notes, encoding="utf-8") as file:
        expected = {(row["type"], row["id"], row["version"]) for row in map(json.loads, file)}
    records = [described(record) for record in read_records(options.records)]
    found = list(differences(expected, records))
    for sentence in found:
        print("difference: " + sentence, file=sys.stderr)
    print(f"{options.label}|{len(records)} of {len(expected)}, each version once, key = id, in order")
    return not found and bool(expected)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("load", "write"):
        command = commands.add_parser(name)
        for option in ("--base", "--user", "--secret-file", "--notes"):
            command.add_argument(option, required=True)
    commands.choices["load"].add_argument("bundles", nargs="+")
    writer = commands.choices["write"]
    writer.add_argument("--rate", type=float, default=100)
    writer.add_argument("--seconds", type=float, default=120)
    writer.add_argument("--stop-file", required=True)
    writer.add_argument("--ready-file", required=True)
    writer.add_argument("--ready-after", type=int, default=100)
    checker = commands.add_parser("check")
    for option in ("--notes", "--records", "--label"):
        checker.add_argument(option, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = parse()
    sys.exit(0 if {"load": load, "write": write, "check": check}[chosen.command](chosen) else 1)
