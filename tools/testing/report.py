"""What became of tests: read from the events of a `bazel test`, or from reports in JUnit's format."""

import dataclasses
import json
import pathlib
import urllib.parse
import xml.etree.ElementTree

# What Bazel's own exit status may be when each target's result is in the events: all is well,
# something did not build, a test failed, there were no tests.
ACCOUNTED_EXIT_CODES = (0, 1, 3, 4)


@dataclasses.dataclass
class Target:
    """What became of one target of Bazel's, or of one suite of another runner.

    A Catch2, unittest or node:test case counts as one; so does a target without cases that passed.
    """

    stage: str
    name: str
    passed: int = 0
    # Names of cases, or what is wrong with the target itself.
    failed: list = dataclasses.field(default_factory=list)
    # What it printed, where that was kept.
    log: pathlib.Path | None = None
    # Whether it ran at all: what did not build need not be run again.
    ran: bool = True

    def __str__(self):
        return f"{self.stage} {self.name}"


def read_cases(target, report):
    """Counts the cases in the text of one JUnit report into `target`."""
    try:
        cases = list(xml.etree.ElementTree.fromstring(report).iter("testcase"))
    except xml.etree.ElementTree.ParseError:
        # What a crash leaves: it counts as the target's failure.
        target.failed.append("its report breaks off")
        return
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            target.failed.append(case.get("name"))
        elif case.find("skipped") is None:
            target.passed += 1


def read_suite(stage, name, report, log, status):
    """What became of a suite that a runner other than Bazel's ran.

    Args:
      stage: of the target.
      name: of the target.
      report: the file of its cases, which may be missing.
      log: the file of what it printed.
      status: of its process, or a sentence that says why there is none.
    """
    target = Target(stage, name, log=log)
    if report.exists():
        read_cases(target, report.read_text(encoding="utf-8"))
    else:
        target.failed.append("it left no report")
    if isinstance(status, str):
        target.failed.append(status)
    elif status != 0 and not target.failed:
        target.failed.append(f"it ended with status {status}")
    return target


def _outputs(result):
    """The files that one run of a test left, by name."""
    return {
        output["name"]: pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path))
        for output in result.get("testActionOutput", [])
        if output.get("uri", "").startswith("file:")
    }


def _target(stage, label, status, runs):
    """One target, by its overall status and the outputs of the last attempt at each run and shard."""
    good = status in ("PASSED", "FLAKY")
    target = Target(stage, label)
    reports = 0
    for outputs in runs:
        report = outputs.get("test.xml")
        if report is not None and report.exists():
            reports += 1
            read_cases(target, report.read_text(encoding="utf-8", errors="replace"))
        target.log = outputs.get("test.log", target.log)
    if not good and not target.failed:
        target.failed.append(status)
    if good and not reports:
        target.passed += 1
    return target


def read_events(stage, lines):
    """All targets in the events of one invocation of Bazel."""
    runs = {}
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
            runs.setdefault(part["label"], {})[key] = _outputs(event.get("testResult", {}))
        elif "testSummary" in identity and "testSummary" in event:
            statuses[identity["testSummary"]["label"]] = event["testSummary"]["overallStatus"]
        elif "targetCompleted" in identity:
            skipped = event.get("aborted", {}).get("reason") == "SKIPPED"
            if not skipped and not event.get("completed", {}).get("success"):
                unbuilt.append(identity["targetCompleted"]["label"])
        elif "buildFinished" in identity:
            exit_code = event.get("finished", {}).get("exitCode", {}).get("code", 0)

    targets = [
        _target(stage, label, status, runs.get(label, {}).values())
        for label, status in statuses.items()
    ]
    for target in targets:
        target.ran = target.name in runs
    # Bazel sums up a test that it could not build as well: that is one failure, not two.
    targets += [
        Target(stage, label, failed=["does not build"], ran=False)
        for label in unbuilt
        if label not in statuses
    ]
    failed = any(target.failed for target in targets)
    if exit_code not in ACCOUNTED_EXIT_CODES or (exit_code == 1 and not failed):
        targets.append(
            Target(stage, "bazel", failed=[f"ended with status {exit_code}"], ran=False))
    return targets
