#!/usr/bin/python3
"""Counts the test cases that were run: count_tests.py FILE...

A file named .xml is a report in JUnit's format; one that is missing, or breaks off, is one failure.
Each other file holds the events of one `bazel test` as lines of JSON. A Catch2 or node:test case counts
as one, in each file in which it ran; a test target without cases counts as one; a target that does
not build, times out or crashes is one failure. The last line is "N passed, N failed", and the exit
status tells whether something ran and nothing failed.
"""

import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree

# What Bazel's own exit status may be when each target's result is in the events: all is well,
# something did not build, a test failed, there were no tests.
ACCOUNTED_EXIT_CODES = (0, 1, 3, 4)


class Count:
    """How many cases passed, and the names of those that failed."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed

    def __str__(self):
        return f"{self.passed} passed, {len(self.failed)} failed"


def cases(label, report):
    """Counts the cases in the text of one JUnit report."""
    count = Count()
    for case in xml.etree.ElementTree.fromstring(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed.append(f"{label}: {case.get('name')}")
        elif case.find("skipped") is None:
            count.passed += 1
    return count


def test_target(label, status, reports):
    """Counts one test target, by its overall status and the reports of its last attempt."""
    good = status in ("PASSED", "FLAKY")
    count = Count()
    for report in reports:
        try:
            count.add(cases(label, report))
        except xml.etree.ElementTree.ParseError:
            # What a crash leaves: it counts as the target's failure.
            count.failed.append(f"{label}: {status}, its report breaks off")
    if not good and not count.failed:
        count.failed.append(f"{label}: {status}")
    if good and not reports:
        count.passed += 1
    return count


def report_of(result):
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    return None


def count_events(lines):
    """Counts all targets in the events of one invocation of Bazel."""
    reports = {}
    statuses = {}
    unbuilt = []
    exit_code = None
    for line in lines:
        event = json.loads(line)
        identity = event["id"]
        if "testResult" in identity:
            # Events of a later attempt at the same run and shard replace the earlier one's.
            part = identity["testResult"]
            key = (part.get("run"), part.get("shard"))
            report = report_of(event.get("testResult", {}))
            reports.setdefault(part["label"], {})[key] = report
        elif "testSummary" in identity and "testSummary" in event:
            statuses[identity["testSummary"]["label"]] = event["testSummary"]["overallStatus"]
        elif "targetCompleted" in identity:
            skipped = event.get("aborted", {}).get("reason") == "SKIPPED"
            if not skipped and not event.get("completed", {}).get("success"):
                unbuilt.append(identity["targetCompleted"]["label"])
        elif "buildFinished" in identity:
            exit_code = event.get("finished", {}).get("exitCode", {}).get("code", 0)

    total = Count()
    for label, status in statuses.items():
        found = [text for text in reports.get(label, {}).values() if text is not None]
        total.add(test_target(label, status, found))
    # Bazel sums up a test that it could not build as well: that is one failure, not two.
    total.failed += [f"{label}: does not build" for label in unbuilt if label not in statuses]
    if exit_code not in ACCOUNTED_EXIT_CODES or (exit_code == 1 and not total.failed):
        total.failed.append(f"bazel ended with status {exit_code}")
    return total


def count_report(path):
    """Counts the cases of a runner that is not Bazel's."""
    try:
        return test_target(path.stem, "PASSED", [path.read_text(encoding="utf-8")])
    except FileNotFoundError:
        return test_target(path.stem, "has not run, or left no report", [])


def main(paths):
    total = Count()
    for path in map(pathlib.Path, paths):
        if path.suffix == ".xml":
            count = count_report(path)
        else:
            with path.open(encoding="utf-8") as lines:
                count = count_events(lines)
        print(f"{path.name}: {count}")
        for name in count.failed:
            print(f"  failed: {name}")
        total.add(count)
    print(total)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
