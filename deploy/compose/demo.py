#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proof of docker-compose.yml: writes become records on Kafka, and a rotated password loses, doubles and reorders none of them.

Writes patients over REST without pause, has the password of the gateway's Kafka user changed on the broker and in its file meanwhile, and then
compares what was answered with what Kafka's own consumer reads. Only the standard library.
Fails: code 1 and a line for each difference, or for what did not happen in time.
"""
import base64
import collections
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

GATEWAY = ("gateway", 8080)
BROKER = "kafka:9094"
TOPIC = "clinical-events"
DESTINATION = "clinical-events"
SECRETS = "/run/secrets/embergate"
PATIENTS = 20
RATE = 100.0
RUN = f"demo-{int(time.time())}"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


class Rest:
    """One kept-open connection to the gateway: as its administrator, or as `loader`, who may write clinical types and nothing else."""

    def __init__(self, user="root"):
        pair = (f"{user}:" + read(f"{SECRETS}/{user}-secret")).encode()
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair).decode(), "Content-Type": "application/fhir+json"}
        self.connection = http.client.HTTPConnection(*GATEWAY, timeout=60)

    def send(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: HTTP {answer.status}: {text[:500].decode(errors='replace')}")
        return json.loads(text)


class Writer(threading.Thread):
    """Updates the same patients over and over and keeps each version that was answered."""

    def __init__(self):
        super().__init__(daemon=True)
        self.versions = collections.defaultdict(list)
        self.written = 0
        self.stopping = threading.Event()

    def run(self):
        rest = Rest("loader")
        begun = time.monotonic()
        while not self.stopping.is_set():
            identity = f"{RUN}-{self.written % PATIENTS:02}"
            body = {"resourceType": "Patient", "id": identity, "active": True,
                    "identifier": [{"system": "urn:example:write", "value": str(self.written)}]}
            self.versions[identity].append(int(rest.send("PUT", f"/fhir/Patient/{identity}", body)["meta"]["versionId"]))
            self.written += 1
            self.stopping.wait(max(0.0, begun + self.written / RATE - time.monotonic()))

    def stop(self):
        self.stopping.set()
        self.join(60)


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def status(rest):
    answer = {}
    for parameter in rest.send("GET", f"/fhir/AidboxTopicDestination/{DESTINATION}/$status")["parameter"]:
        if parameter["name"] == "secret":
            parts = {part["name"]: next(value for name, value in part.items() if name.startswith("value")) for part in parameter["part"]}
            if parts["name"] == "events-jaas":
                answer.update({"secret." + name: value for name, value in parts.items()})
        else:
            answer[parameter["name"]] = next((value for name, value in parameter.items() if name.startswith("value")), None)
    return answer


def consumer_settings(user, password):
    with tempfile.NamedTemporaryFile("w", suffix=".properties", delete=False) as file:
        file.write("security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nssl.truststore.type=PEM\n"
                   "ssl.truststore.location=/run/broker/ca.pem\nisolation.level=read_committed\n"
                   "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
                   f'username="{user}" password="{password}";\n')
    return file.name


def consume(user, password, idle_ms):
    """Kafka's own console consumer from the beginning; ends when nothing came for that long."""
    settings = consumer_settings(user, password)
    command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=/opt/kafka/log4j2.properties",
               "-cp", "/opt/kafka/libs/*", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", BROKER,
               "--command-config", settings, "--topic", TOPIC, "--from-beginning", "--timeout-ms", str(idle_ms)]
    for name in ("print.key", "print.partition", "print.offset"):
        command += ["--formatter-property", f"{name}=true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    os.unlink(settings)
    return done


def records(idle_ms):
    """(key, offset, version) of this run's records."""
    for line in consume("admin", read("/run/broker/admin-password"), idle_ms).stdout.splitlines():
        partition, offset, key, value = line.split("\t", 3)
        if key.startswith(RUN):
            resource = json.loads(value)["entry"][1]["resource"]
            yield key, (partition, int(offset.split(":")[1])), int(resource["meta"]["versionId"])


def all_records(wanted):
    """As records(). A consumer on a busy machine may give up before its first record comes, so too few are read again with more patience."""
    for idle_ms in (5000, 10000, 20000, 40000):
        found = list(records(idle_ms))
        if len(found) >= wanted:
            break
    return found


def differences(written, found):
    arrived = collections.defaultdict(list)
    for key, _, version in sorted(found, key=lambda record: record[1]):
        arrived[key].append(version)
    lost = sum(len(set(versions) - set(arrived[key])) for key, versions in written.items())
    doubled = sum(len(versions) - len(set(versions)) for versions in arrived.values())
    reordered = sum(1 for versions in arrived.values() for a, b in zip(versions, versions[1:]) if b < a)
    return lost, reordered, doubled


def begin(what):
    print(f"demo: {what} ...")


def say(what, result):
    print(f"  {what:<44} {result}")


def password_in_file():
    return read(f"{SECRETS}/events-jaas").split('password="')[1].split('"')[0]


def main():
    rest = Rest()
    begin("takes half a minute, on a busy machine a few; first the gateway proves the password that it has")
    wait_for("the destination has a proven password", lambda: (status(rest).get("secret.generation") or 0) >= 1)
    before = status(rest)["secret.generation"]
    uptime = rest.send("GET", "/health")["checks"]["uptime"][0]["observedValue"]
    begin(f"writing {PATIENTS} patients over and over, {RATE:.0f} times a second")
    began = time.monotonic()
    old = password_in_file()
    writer = Writer()
    writer.start()
    wait_for("writes", lambda: writer.written >= 200 or not writer.is_alive())
    begin("a new password while writes go on: on the broker, then in the gateway's file")
    subprocess.run(["/opt/demo/setup.sh", "rotate"], check=True, stdout=subprocess.DEVNULL)
    rotated = time.monotonic()
    wait_for("the new password is proven", lambda: status(rest)["secret.generation"] == before + 1)
    took = time.monotonic() - rotated
    count = writer.written
    wait_for("writes after the rotation", lambda: writer.written >= count + 200 or not writer.is_alive())
    writer.stop()
    wait_for("an empty queue", lambda: status(rest)["messagesQueued"] == 0)
    begin("reading every record with Kafka's own consumer")
    found = all_records(writer.written)
    lost, reordered, doubled = differences(writer.versions, found)
    begin("trying the old password at the broker, which must refuse it")
    refused = "SaslAuthenticationException" in consume("gw", old, 10000).stderr
    lived = rest.send("GET", "/health")["checks"]["uptime"][0]["observedValue"] - uptime >= int(time.monotonic() - began) - 1
    print("Embergate: what was shown")
    say("writes over REST while the password changed", f"{writer.written}, none refused")
    say("records on Kafka", f"{len(found)}; {lost} lost, {reordered} reordered, {doubled} doubled")
    say("password rotated on broker and in the file", f"generation {before} -> {before + 1}, {took:.1f} s after the file")
    say("old password", "refused by the broker" if refused else "STILL ACCEPTED")
    say("gateway", "the same process from the first write to the last" if lived else "WAS RESTARTED")
    proved = lost == reordered == doubled == 0 and len(found) == writer.written and refused and lived and writer.written >= 400
    print("demo: proved" if proved else "demo: FAILED")
    return 0 if proved else 1


if __name__ == "__main__":
    sys.exit(main())
