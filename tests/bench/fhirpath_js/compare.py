#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare.py OURS THEIRS: two engines on the same criteria and inputs, criterion by criterion, and how many times faster ours is.

Figures are files of embergate_fhirpath_bench and of measure.cjs. Times in microseconds. Fails when the sum of all evaluations, told in
calibration loops, is more than marks.json allows; marks that depend on the machine are shown, and do not fail.
"""
import json
import pathlib
import statistics
import sys


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def micro(nanoseconds):
    return f"{nanoseconds / 1000:10.3f}"


def row(name, ours, theirs):
    columns = [micro(side[key]) for side in (ours, theirs) for key in ("p50", "p95", "p99")]
    return f"{name:<28}{''.join(columns)}{theirs['p50'] / ours['p50']:9.0f}"


def table(ours, theirs):
    yield f"{'microseconds':<28}{'Embergate':>30}{'fhirpath.js ' + theirs['version']:>30}{'times':>9}"
    yield f"{'':<28}" + 2 * f"{'p50':>10}{'p95':>10}{'p99':>10}" + f"{'(p50)':>9}"
    for name, figures in ours["events"]["criteria"].items():
        yield row(name, figures, theirs["events"]["criteria"][name])
    for kind in ("events", "synthea"):
        yield row(f"all, {kind}", ours[kind]["all"], theirs[kind]["all"])
    yield row("compile", ours["compile"], theirs["compile"])


def differences(ours, theirs):
    """Criteria on which the engines do not fire equally often; criteria about today differ by the clock."""
    for name, figures in ours["events"]["criteria"].items():
        other = theirs["events"]["criteria"][name]["matches"]
        if figures["matches"] != other:
            yield f"{name}: {figures['matches']} and {other}"


def ratios(ours, theirs):
    times = [theirs["events"]["criteria"][name]["p50"] / figures["p50"] for name, figures in ours["events"]["criteria"].items()]
    yield "median of the criteria", statistics.median(times)
    yield "least of the criteria", min(times)
    for kind in ("events", "synthea"):
        yield f"sum of all, {kind}", theirs[kind]["all"]["sum"] / ours[kind]["all"]["sum"]
    yield "compile, p50", theirs["compile"]["p50"] / ours["compile"]["p50"]


def check(ours, marks):
    """(text, missed, binding) of each mark."""
    slowest, worst = max(((name, one["p99"]) for name, one in ours["synthea"]["criteria"].items()), key=lambda pair: pair[1])
    simple = max(one["p50"] for one in ours["simple"]["criteria"].values())
    most = marks["sum_per_calibration"] * (1 + marks["regression"])
    yield f"sum of all per calibration loop: {ours['sum_per_calibration']:.0f} (at most {most:.0f})", ours["sum_per_calibration"] > most, True
    yield f"p50 of a simple criterion: {simple / 1000:.3f} us (mark {marks['simple_us']})", simple / 1000 > marks["simple_us"], False
    text = f"worst p99 of a criterion on Synthea resources, {slowest}: {worst / 1000:.3f} us (mark {marks['synthea_p99_us']})"
    yield text, worst / 1000 > marks["synthea_p99_us"], False


def main():
    ours, theirs = load(sys.argv[1]), load(sys.argv[2])
    marks = load(pathlib.Path(__file__).with_name("marks.json"))
    for line in table(ours, theirs):
        print(line)
    for line in differences(ours, theirs):
        print("matches differ in", line)
    for name, times in ratios(ours, theirs):
        print(f"times faster than fhirpath.js, {name}: {times:.0f}")
    failed = False
    for text, missed, binding in check(ours, marks):
        print(text + (" MISSED" if missed else ""))
        failed = failed or (missed and binding)
    return 1 if failed else 0


sys.exit(main())
