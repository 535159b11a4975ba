#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs_yaml.py FILE…: the YAML of pages and of compose files is valid, and the manifests hang together.

Of each ```yaml block: it parses; every document with a kind has an apiVersion and a name; every volumeMount names a volume of its pod, and none
uses subPath; every JSON text of a ConfigMap parses; every SecretProviderClass of a volume stands on the page, and its lists of objects, which are YAML within YAML, parse, too.
Fails: code 1 and a line for each fault, with file and line.
"""
import json
import re
import sys

import yaml


def blocks(path):
    """(first line, text) of each YAML block; a YAML file is one block."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if not path.endswith(".md"):
        yield 1, text
        return
    for match in re.finditer(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def pod_of(document):
    return document.get("spec", {}).get("template", {}).get("spec", {}) if document.get("kind") == "Deployment" else {}


def faults_of_pod(pod, classes):
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod.get("containers", []):
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"container {container['name']} mounts {mount['name']}, which is no volume of the pod"
            if "subPath" in mount:
                yield f"{mount['name']} is mounted with subPath, which never rotates"
    for volume in pod.get("volumes", []):
        wanted = volume.get("csi", {}).get("volumeAttributes", {}).get("secretProviderClass")
        if wanted and wanted not in classes:
            yield f"volume {volume['name']} wants the SecretProviderClass {wanted}, which the page does not show"


def faults_of_class(document):
    parameters = document["spec"]["parameters"]
    text = parameters.get("objects") or parameters.get("secrets")
    if not text:
        yield "a SecretProviderClass without objects"
        return
    objects = yaml.safe_load(text)
    if isinstance(objects, dict):
        objects = [yaml.safe_load(entry) for entry in objects["array"]]
    if not objects or not all(isinstance(entry, dict) for entry in objects):
        yield "the objects of the SecretProviderClass are not a list of maps"


def faults_of_config(document):
    for name, text in document.get("data", {}).items():
        if name.endswith(".json"):
            try:
                json.loads(text)
            except ValueError as error:
                yield f"{name} is not JSON: {error}"


def faults_of(documents):
    classes = {document["metadata"]["name"] for document in documents if document.get("kind") == "SecretProviderClass"}
    for document in documents:
        kind = document.get("kind")
        if kind is None:
            continue
        if "apiVersion" not in document or "name" not in document.get("metadata", {}):
            yield f"a {kind} without apiVersion or name"
        if kind == "SecretProviderClass":
            yield from faults_of_class(document)
        if kind == "ConfigMap":
            yield from faults_of_config(document)
        yield from faults_of_pod(pod_of(document), classes)


def main(paths):
    found = checked = 0
    for path in paths:
        for line, text in blocks(path):
            checked += 1
            try:
                sentences = list(faults_of([document for document in yaml.safe_load_all(text) if isinstance(document, dict)]))
            except yaml.YAMLError as error:
                sentences = [" ".join(str(error).split())]
            for sentence in sentences:
                print(f"{path}:{line}: {sentence}", file=sys.stderr)
                found += 1
    print(f"{checked} YAML blocks")
    return 0 if found == 0 and checked > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
